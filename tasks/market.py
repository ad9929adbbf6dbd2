"""The market pass: medians of every segment, and each property's price against its own.

A row is written only when its label changes or its delta moves by a point, for each write bumps
a revision and makes the listing be indexed again.
"""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.market import Deal, deal

BATCH = 5_000  # properties locked at a time, for some tens of milliseconds
METHOD = "segment_median"

MEASURE_SEGMENTS = text("""
    INSERT INTO market_segments
        (locality, property_type, listing_type, area_basis, bhk, n, p25, median, p75)
    SELECT locality, property_type, listing_type, area_basis, bhk, count(*),
           round(percentile_cont(0.25) WITHIN GROUP (ORDER BY price_per_sqft)),
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY price_per_sqft)),
           round(percentile_cont(0.75) WITHIN GROUP (ORDER BY price_per_sqft))
    FROM properties WHERE is_active
    GROUP BY locality, property_type, listing_type, area_basis, bhk
""")
FORGET_SEGMENTS = text("DELETE FROM market_segments")
ONE_PASS_AT_A_TIME = text("LOCK TABLE market_segments IN SHARE ROW EXCLUSIVE MODE")

COMPARED = text("""
    SELECT p.id, p.revision, p.price_per_sqft, s.median, coalesce(s.n, 0) AS n,
           m.label, m.delta_pct, m.reason, m.property_id IS NOT NULL AS known
    FROM (SELECT * FROM properties WHERE is_active AND id > :after ORDER BY id LIMIT :size) p
    LEFT JOIN market_segments s
        ON (s.locality, s.property_type, s.listing_type, s.area_basis)
         = (p.locality, p.property_type, p.listing_type, p.area_basis) AND s.bhk IS NOT DISTINCT FROM p.bhk
    LEFT JOIN property_market m ON m.property_id = p.id
    ORDER BY p.id
""")

# Properties before their market rows, as an editor's own statement takes them: no deadlock.
LOCK = text("SELECT id, revision FROM properties WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE")

WRITE = text("""
    INSERT INTO property_market (property_id, level, n, median, delta_pct, label, reason, as_of, method)
    SELECT *, now(), :method
    FROM unnest(CAST(:ids AS uuid[]), CAST(:levels AS text[]), CAST(:n AS integer[]),
                CAST(:medians AS bigint[]), CAST(:deltas AS numeric[]), CAST(:labels AS text[]),
                CAST(:reasons AS text[]))
    ON CONFLICT (property_id) DO UPDATE SET
        level = excluded.level, n = excluded.n, median = excluded.median, delta_pct = excluded.delta_pct,
        label = excluded.label, reason = excluded.reason, as_of = excluded.as_of, method = excluded.method
""")

Compared = Row[*tuple[Any, ...]]
"""A row of `COMPARED`: a property, its segment, and what is stored of both."""


async def compare_prices(engine: AsyncEngine) -> int:
    """Bring segments and labels up to date; returns how many properties got another label or delta."""
    async with engine.begin() as connection:
        await connection.execute(ONE_PASS_AT_A_TIME)
        await connection.execute(FORGET_SEGMENTS)
        await connection.execute(MEASURE_SEGMENTS)
    written = 0
    async for batch in batches(engine):
        written += await write(
            engine, [(row, found) for row, found in map(compared, batch) if moved(row, found)]
        )
    return written


async def batches(engine: AsyncEngine) -> AsyncIterator[Sequence[Compared]]:
    after = UUID(int=0)
    while True:
        async with engine.connect() as connection:
            batch = (await connection.execute(COMPARED, {"after": after, "size": BATCH})).all()
        if not batch:
            return
        yield batch
        after = batch[-1].id


def compared(row: Compared) -> tuple[Compared, Deal]:
    return row, deal(row.price_per_sqft, median=row.median, n=row.n)


def moved(row: Compared, found: Deal) -> bool:
    """Worth a revision: nothing known before, another label or reason, or a point's difference."""
    if not row.known or (row.label, row.reason) != (found.label, found.reason):
        return True
    if found.delta_pct is None or row.delta_pct is None:
        return found.delta_pct is not row.delta_pct
    return bool(abs(Decimal(str(found.delta_pct)) - row.delta_pct) >= 1)


async def write(engine: AsyncEngine, changes: Sequence[tuple[Compared, Deal]]) -> int:
    if not changes:
        return 0
    async with engine.begin() as connection:
        current = await _locked(connection, [row.id for row, _ in changes])
        # A property that was edited since it was compared is compared anew in the next pass.
        still = [(row, found) for row, found in changes if current.get(row.id) == row.revision]
        await connection.execute(WRITE, _columns(still))
    return len(still)


async def _locked(connection: AsyncConnection, ids: list[UUID]) -> dict[UUID, int]:
    rows = await connection.execute(LOCK, {"ids": ids})
    return {row.id: row.revision for row in rows}


def _columns(changes: Sequence[tuple[Compared, Deal]]) -> dict[str, object]:
    return {
        "ids": [row.id for row, _ in changes],
        "levels": ["segment" if found.label else None for _, found in changes],
        "n": [row.n for row, _ in changes],
        "medians": [row.median for row, _ in changes],
        "deltas": [found.delta_pct for _, found in changes],
        "labels": [found.label for _, found in changes],
        "reasons": [found.reason for _, found in changes],
        "method": METHOD,
    }
