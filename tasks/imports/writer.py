"""Upserts batches of rows: one statement each, and one transaction with the job's progress.

What a row leaves open is added here, next to the data: a title of our own, and the sector's centre
in place of coordinates. A row that says what the property already holds touches nothing, so that
the same file twice bumps no revision and owes the index no visit.
"""

from dataclasses import dataclass

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.properties.scores import computed
from tasks.imports.cells import Values
from tasks.imports.mapping import FieldName, Mapping
from tasks.imports.report import Issue, Written
from tasks.imports.rows import Row

READ_INTO = {
    FieldName.LOCALITY: ("locality", "sector"),
    FieldName.AREA: ("area_sqft", "area_basis"),
    FieldName.FLOOR: ("floor_number", "total_floors"),
}
"""Fields whose name is not a column's."""

BY_ID = "id:"
"""How an export names a property that has no reference of its own."""

ADOPT = text(
    """
    UPDATE properties SET external_ref = :prefix || id::text
    WHERE id::text = ANY (:ids) AND external_ref IS NULL
""".replace("::", r"\:\:")
)

SCORES = tuple(computed({}))
"""Of a new property; one that was there is scored when all rows are in, by all that is known of it."""

COMPLETED = ("title", "latitude", "longitude")
"""What a row may leave open."""


@dataclass(frozen=True)
class Upserts:
    """One statement for rows with a reference of their own, one for those known by what they say."""

    by_reference: TextClause | None
    by_fingerprint: TextClause


async def write(connection: AsyncConnection, upserts: Upserts, rows: list[Row], *, dry_run: bool) -> Written:
    """Upsert rows in the caller's transaction; a dry run does all of it, and takes it back."""
    try:
        async with connection.begin_nested() as savepoint:
            written = await _write(connection, upserts, rows)
            if dry_run:
                await savepoint.rollback()
    except (IntegrityError, DataError) as refusal:
        if len(rows) == 1:
            return Written(refused=(Issue(rows[0].line, "refused", _reason(refusal)),))
        # The halves, until the row that Postgres refuses stands alone: all others go in.
        left, right = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        return await write(connection, upserts, left, dry_run=dry_run) + await write(
            connection, upserts, right, dry_run=dry_run
        )
    return written


async def _write(connection: AsyncConnection, upserts: Upserts, rows: list[Row]) -> Written:
    if upserts.by_reference is None:
        return await _upsert(connection, upserts.by_fingerprint, rows)
    named = [row for row in rows if row.values.get("external_ref") is not None]
    nameless = [row for row in rows if row.values.get("external_ref") is None]
    await adopt(connection, [row.values["external_ref"] for row in named])
    return await _upsert(connection, upserts.by_reference, named) + await _upsert(
        connection, upserts.by_fingerprint, nameless
    )


async def adopt(connection: AsyncConnection, references: list[str]) -> None:
    """Properties exported as `id:...` for want of a reference: it is their reference from now on."""
    ids = [reference.removeprefix(BY_ID) for reference in references if reference.startswith(BY_ID)]
    if ids:
        await connection.execute(ADOPT, {"ids": ids, "prefix": BY_ID})


async def _upsert(connection: AsyncConnection, upsert: TextClause, rows: list[Row]) -> Written:
    if not rows:
        return Written()
    said = orjson.dumps([_said(row) for row in rows]).decode()
    touched = (await connection.scalars(upsert, {"rows": said})).all()
    created = sum(touched)
    return Written(created, len(touched) - created, len(rows) - len(touched))


def _said(row: Row) -> Values:
    return row.values | computed(row.values) | {"fingerprint": row.fingerprint}


def _reason(refusal: IntegrityError | DataError) -> str:
    rule = getattr(getattr(refusal.orig, "diag", None), "constraint_name", None)
    return f"breaks the rule {rule}" if rule else "is refused by the database"


def upserts(mapping: Mapping) -> Upserts:
    named = FieldName.EXTERNAL_REF in mapping.fields
    return Upserts(
        upsert_statement(mapping, by_reference=True) if named else None,
        upsert_statement(mapping, by_reference=False),
    )


def upsert_statement(mapping: Mapping, *, by_reference: bool) -> TextClause:
    """INSERT ... ON CONFLICT for the columns that a map gives; one boolean per touched row: is it new?"""
    given = [column for column in given_columns(mapping) if by_reference or column != "external_ref"]
    if by_reference:
        key, conflict = "external_ref", f"(external_ref) {_update_what_differs(given)}"
    else:
        key, conflict = "fingerprint", "(fingerprint) WHERE fingerprint IS NOT NULL DO NOTHING"
    columns = [column for column in given if column not in COMPLETED and column != key]
    values = [
        "coalesce(n.description, '')" if column == "description" else f"n.{column}" for column in columns
    ]
    return text(f"""
        INSERT INTO properties
            ({", ".join((key, *columns, *SCORES, *COMPLETED))}, location_approximate, state)
        SELECT {", ".join((f"n.{key}", *values, *(f"n.{score}" for score in SCORES)))},
            coalesce(n.title, {_own_title("n")}),
            coalesce(n.latitude, s.latitude), coalesce(n.longitude, s.longitude),
            n.latitude IS NULL AND s.latitude IS NOT NULL, 'active'
        FROM json_populate_recordset(CAST(NULL AS properties), CAST(:rows AS json)) WITH ORDINALITY AS n
        LEFT JOIN sectors s ON s.locality = n.locality
        ORDER BY n.ordinality
        ON CONFLICT {conflict}
        RETURNING old.id IS NULL
    """)  # noqa: S608  made of our own column names


def given_columns(mapping: Mapping) -> list[str]:
    """The property's columns about which a file has something to say."""
    names = [column for name in mapping.fields for column in READ_INTO.get(name, (name.value,))]
    constants = [name for name, value in mapping.constants if value is not None]
    return list(dict.fromkeys([*names, *constants]))


def _update_what_differs(given: list[str]) -> str:
    values = {column: f"excluded.{column}" for column in given} | {
        "title": _title_after("title" in given),
        **{column: _place_after(column) for column in ("latitude", "longitude", "location_approximate")},
    }
    columns = ", ".join(values)
    held = ", ".join(f"properties.{column}" for column in values)
    news = ", ".join(values.values())
    return f"""DO UPDATE SET ({columns}) = ROW({news}), version = properties.version + 1,
            vastu_rules_version = NULL
        WHERE ({held}) IS DISTINCT FROM ({news})"""


def _title_after(given: bool) -> str:
    """An editor's title stays; one that we made follows the facts."""
    if given:
        return "excluded.title"
    return (
        f"CASE properties.title WHEN {_own_title('properties')} THEN excluded.title ELSE properties.title END"
    )


def _place_after(column: str) -> str:
    """A sector's centre never replaces coordinates of the property's own, unless it has moved."""
    return f"""CASE WHEN properties.latitude IS NOT NULL AND NOT properties.location_approximate
        AND properties.locality = excluded.locality
        AND (excluded.location_approximate OR excluded.latitude IS NULL)
        THEN properties.{column} ELSE excluded.{column} END"""


def _own_title(row: str) -> str:
    """`3 BHK apartment in Sector 107`, `1 RK studio in Sector 62`, `Builder floor in Sector 93A`."""
    kind = f"replace({row}.property_type, '_', ' ')"
    return f"""CASE WHEN {row}.bhk IS NULL THEN upper(left({kind}, 1)) || substr({kind}, 2)
        WHEN {row}.bhk = 0.5 THEN '1 RK ' || {kind}
        ELSE {row}.bhk || ' BHK ' || {kind} END || ' in ' || {row}.locality"""
