"""Upserts batches of rows, one statement per kind of key, in one transaction with the job's progress.

The statement completes missing values: a generated title, and the sector's center as coordinates. A row
equal to the stored property is not written. So importing the same file twice bumps no revision and reindexes
nothing.
"""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.geography.societies import Spellings
from domain.states.listing_state import ENDED
from services.properties.rows import BY_ID
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
"""Fields that fill other columns than their name says."""

THERE = text("SELECT id FROM properties WHERE id = ANY (CAST(:ids AS uuid[]))")

SCORES = tuple(computed({}))
"""Set on new properties only; existing ones are scored after the import, from all of their values."""

COMPLETED = ("title", "latitude", "longitude")
"""Columns that a row may omit and the statement completes."""


Societies = defaultdict[str, Spellings]
"""How each locality spells its societies; it learns from loaded rows."""


@dataclass(frozen=True)
class Upserts:
    """One statement for each way in which a row identifies its property."""

    by_id: TextClause
    by_reference: TextClause
    by_fingerprint: TextClause
    """For rows without a reference, identified by their values."""


async def write(
    connection: AsyncConnection, upserts: Upserts, rows: list[Row], societies: Societies, *, dry_run: bool
) -> Written:
    """Upsert rows in the caller's transaction; a dry run does the same and rolls it back."""
    try:
        async with connection.begin_nested() as savepoint:
            written = await _write(connection, upserts, rows, societies)
            if dry_run:
                await savepoint.rollback()
    except (IntegrityError, DataError) as refusal:
        if len(rows) == 1:
            return Written(refused=(Issue(rows[0].line, "refused", _reason(refusal)),))
        # Bisect until the refused row is alone, so that all others are written.
        left, right = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        return await write(connection, upserts, left, societies, dry_run=dry_run) + await write(
            connection, upserts, right, societies, dry_run=dry_run
        )
    return written


async def _write(
    connection: AsyncConnection, upserts: Upserts, rows: list[Row], societies: Societies
) -> Written:
    there = await known_ids(connection, rows)
    by_id, by_reference, by_fingerprint = [], [], []
    for row in rows:
        said, reference = _values_of(row, societies), row.values.get("external_ref")
        if reference is None:
            by_fingerprint.append((row, said))
        elif (key := _id_in(reference)) in there:
            by_id.append((row, said | {"id": key}))
        else:
            by_reference.append((row, said))
    written = Written()
    for upsert, some in (
        (upserts.by_id, by_id),
        (upserts.by_reference, by_reference),
        (upserts.by_fingerprint, by_fingerprint),
    ):
        if some:
            written += await _upsert(connection, upsert, some)
    return written


async def known_ids(connection: AsyncConnection, rows: list[Row]) -> set[UUID]:
    """Return the existing ids that rows name; exports use the id where a property has no reference."""
    ids = [key for row in rows if (key := _id_in(row.values.get("external_ref") or "")) is not None]
    return set(await connection.scalars(THERE, {"ids": ids})) if ids else set()


def _id_in(reference: str) -> UUID | None:
    if not reference.startswith(BY_ID):
        return None
    try:
        return UUID(reference.removeprefix(BY_ID))
    except ValueError:
        return None


async def _upsert(connection: AsyncConnection, upsert: TextClause, rows: list[tuple[Row, Values]]) -> Written:
    said = orjson.dumps([values for _, values in rows]).decode()
    touched = (await connection.execute(upsert, {"rows": said})).all()
    created = sum(row.is_new for row in touched)
    ended = {row.id: row.state for row in touched if row.state in ENDED and not row.is_new}
    ended |= {row.external_ref: row.state for row in touched if row.id in ended}
    noted = tuple(
        Issue(row.line, "ended", f"is updated, and not shown: its listing is {ended[name]}")
        for row, values in rows
        if (name := values.get("id", values.get("external_ref"))) in ended
    )
    return Written(created, len(touched) - created, len(rows) - len(touched), noted=noted)


def _values_of(row: Row, societies: Societies) -> Values:
    """Return the row's values with scores and fingerprint, and the society as its locality spells it."""
    said = row.values | computed(row.values) | {"fingerprint": row.fingerprint}
    if "society" in said:
        said["society"] = societies[said["locality"]].of(said["society"])
    return said


def _reason(refusal: IntegrityError | DataError) -> str:
    rule = getattr(getattr(refusal.orig, "diag", None), "constraint_name", None)
    return f"breaks the rule {rule}" if rule else "is refused by the database"


def upserts(mapping: Mapping) -> Upserts:
    given = [column for column in given_columns(mapping) if column != "external_ref"]
    differs = _update_what_differs(given)
    return Upserts(
        upsert_statement("id", given, f"(id) {differs}"),
        upsert_statement("external_ref", given, f"(external_ref) {differs}"),
        upsert_statement("fingerprint", given, "(fingerprint) WHERE fingerprint IS NOT NULL DO NOTHING"),
    )


def upsert_statement(key: str, given: list[str], conflict: str) -> TextClause:
    """Build the INSERT ... ON CONFLICT for the columns that a map gives; it returns the written rows."""
    columns = [column for column in given if column not in COMPLETED]
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
        RETURNING old.id IS NULL AS is_new, new.id, new.external_ref, new.state
    """)  # noqa: S608  built from column names of this code only


def given_columns(mapping: Mapping) -> list[str]:
    """Return the property's columns that a file sets."""
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
    """Keep an editor's title; renew a generated one from the new values."""
    if given:
        return "excluded.title"
    return (
        f"CASE properties.title WHEN {_own_title('properties')} THEN excluded.title ELSE properties.title END"
    )


def _place_after(column: str) -> str:
    """Keep a property's exact coordinates if the row has none, unless its locality changes."""
    return f"""CASE WHEN properties.latitude IS NOT NULL AND NOT properties.location_approximate
        AND properties.locality = excluded.locality
        AND (excluded.location_approximate OR excluded.latitude IS NULL)
        THEN properties.{column} ELSE excluded.{column} END"""


def _own_title(row: str) -> str:
    """SQL for `3 BHK apartment in Sector 107`, `1 RK studio in Sector 62`, `Builder floor in Sector 93A`."""
    kind = f"replace({row}.property_type, '_', ' ')"
    return f"""CASE WHEN {row}.bhk IS NULL THEN upper(left({kind}, 1)) || substr({kind}, 2)
        WHEN {row}.bhk = 0.5 THEN '1 RK ' || {kind}
        ELSE {row}.bhk || ' BHK ' || {kind} END || ' in ' || {row}.locality"""
