"""Reads all active listings as columns of numbers from one snapshot of Postgres.

numpy reads fixed-width rows in COPY's binary format without a loop: a million rows take a few seconds.
https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.market.shelves import NONE, PLACES, Array, Listings
from domain.market.survey import LABELS, REASONS, UNKNOWN, Findings
from schemas.vocabulary import AreaBasis, ListingType, PropertyType

HEADER, TRAILER = 19, 2  # bytes before the first row and after the last
TYPES, OFFERS, BASES = tuple(PropertyType), tuple(ListingType), tuple(AreaBasis)


class Kind(NamedTuple):
    """Listings are compared only within the same kind."""

    property_type: str
    listing_type: str
    area_basis: str


KINDS = tuple(Kind(*names) for names in ((t, o, b) for t in TYPES for o in OFFERS for b in BASES))
"""A kind's number is its index here."""

# Per column: its SQL, and the numpy type of the value that Postgres sends.
COLUMNS = {
    "id": ("p.id", "V16"),
    "revision": ("p.revision", ">i8"),
    "kind": ("kinds.number", ">i4"),
    "place": ("places.number", ">i4"),
    "society": (f"coalesce(hashtextextended(p.society, 0) & {2**63 - 1}, {NONE})", ">i8"),
    "halves": ("coalesce((p.bhk * 2)::integer, 0)", ">i4"),
    "area_sqft": ("p.area_sqft", ">i4"),
    "price_per_sqft": ("p.price_per_sqft", ">i8"),
    "latitude": ("coalesce(p.latitude, 'NaN')", ">f8"),
    "longitude": ("coalesce(p.longitude, 'NaN')", ">f8"),
    "known": ("(m.method IS NOT NULL AND m.method = {method})::integer", ">i4"),
    "label": ("coalesce(array_position({labels}::text[], m.label) - 1, {unknown})", ">i4"),
    "reason": ("coalesce(array_position({reasons}::text[], m.reason) - 1, {unknown})", ">i4"),
    "delta_tenths": ("coalesce((m.delta_pct * 10)::integer, {unknown})", ">i4"),
}
QUESTION = """
    COPY (SELECT {columns} FROM properties p
        JOIN unnest({types}::text[], {offers}::text[], {bases}::text[], {kind_numbers}::integer[])
            AS kinds (property_type, listing_type, area_basis, number)
            USING (property_type, listing_type, area_basis)
        JOIN unnest({places}::text[], {place_numbers}::integer[]) AS places (locality, number)
            USING (locality)
        LEFT JOIN property_market m ON m.property_id = p.id
        WHERE p.is_active ORDER BY p.id) TO STDOUT (FORMAT binary)
"""
ROW = np.dtype(
    [("width", ">i2")]
    + [part for name, (_, form) in COLUMNS.items() for part in ((f"{name} size", ">i4"), (name, form))]
)
"""A COPY row: the number of columns, then each column preceded by its size."""


@dataclass(frozen=True)
class Snapshot:
    rows: Array
    """One entry per listing, with a field for each of COLUMNS."""
    listings: Listings

    def ids(self, where: Array) -> list[UUID]:
        return [UUID(bytes=bytes(each)) for each in self.rows["id"][where]]

    def positions_of(self, ids: Iterable[UUID]) -> Array:
        """Return the row indexes of these properties; inactive ones are left out."""
        wanted = np.array([key.bytes for key in ids], "V16")
        return np.flatnonzero(np.isin(self.rows["id"].view("S16"), wanted.view("S16")))

    def changed(self, subjects: Array, found: Findings) -> Array:
        """Return the findings to write: new method, another label or reason, or delta moved by a point."""
        stored = self.rows[subjects]
        same = (stored["label"] == found.label) & (stored["reason"] == found.reason)
        steps = np.abs(stored["delta_tenths"].astype(np.int64) - found.delta_tenths)
        return np.flatnonzero((stored["known"] == 0) | ~same | (steps >= 10))


async def read_snapshot(engine: AsyncEngine, method: str, kinds: Collection[Kind] = KINDS) -> Snapshot:
    """Read the active listings; stored labels count as known only if `method` produced them."""
    async with engine.connect() as connection:
        driver: AsyncConnection[Any] | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        async with driver.cursor() as cursor, cursor.copy(_snapshot_query(method, kinds)) as copy:
            received = b"".join([bytes(block) async for block in copy])
    rows = np.frombuffer(received[HEADER:-TRAILER], ROW)
    names = Listings.__dataclass_fields__
    return Snapshot(rows, Listings(**{name: _native(rows[name]) for name in names}))


def _native(column: Array) -> Array:
    return column.astype(np.float64 if column.dtype.kind == "f" else np.int64)


def _snapshot_query(method: str, kinds: Collection[Kind]) -> sql.Composed:
    values = {
        "method": method,
        "labels": _words(LABELS),
        "reasons": _words(REASONS),
        "unknown": UNKNOWN,
        "types": [kind.property_type for kind in kinds],
        "offers": [kind.listing_type for kind in kinds],
        "bases": [kind.area_basis for kind in kinds],
        "kind_numbers": [KINDS.index(kind) for kind in kinds],
        "places": list(PLACES),
        "place_numbers": list(range(len(PLACES))),
    }
    literals = {name: sql.Literal(value) for name, value in values.items()}
    columns = sql.SQL(", ").join(sql.SQL(form).format(**literals) for form, _ in COLUMNS.values())
    return sql.SQL(QUESTION).format(columns=columns, **literals)


def _words(vocabulary: Sequence[StrEnum]) -> list[str]:
    return [str(word) for word in vocabulary]
