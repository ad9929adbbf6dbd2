"""The market passes: measure segments, compare each price with its market, and measure the method's quality.

A row is written only when its label or reason changes or its delta moves by a point, because each write
bumps a revision and reindexes the listing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.market.shelves import Array
from domain.market.survey import LABELS, LEVELS, REASONS, UNKNOWN, Findings, survey
from schemas.vocabulary import ListingType
from tasks.market.snapshot import KINDS, Kind, Snapshot, read_snapshot

BATCH = 5_000
"""Properties locked at a time, for tens of milliseconds."""
METHOD = "ladder_1"
"""Version of the method; change it with the method, so that every row is rewritten."""
log = structlog.get_logger(component="market")

MEASURE_SEGMENTS = text("""
    INSERT INTO market_segments
        (locality, property_type, listing_type, area_basis, bhk, every_bhk, n, p25, median, p75)
    SELECT locality, property_type, listing_type, area_basis, bhk, grouping(bhk) = 1, count(*),
           round(percentile_cont(0.25) WITHIN GROUP (ORDER BY price_per_sqft)),
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY price_per_sqft)),
           round(percentile_cont(0.75) WITHIN GROUP (ORDER BY price_per_sqft))
    FROM properties WHERE is_active
    GROUP BY locality, property_type, listing_type, area_basis, GROUPING SETS ((bhk), ())
""")
DELETE_SEGMENTS = text("DELETE FROM market_segments")
WAIT_LONG = text("SET lock_timeout = '10min'")
"""A pass over a million listings takes longer than the usual lock timeout."""
LOCK_PASS = text("SELECT pg_advisory_lock(hashtext('market pass'))")
UNLOCK_PASS = text("SELECT pg_advisory_unlock(hashtext('market pass'))")
WAIT_AS_USUAL = text("RESET lock_timeout")

# A trigger withdraws the label when a price is edited. A property without a row was never compared; it must
# have changed in the last day, because the hourly pass would have found it otherwise.
WAITING = text("""
    SELECT p.id, p.property_type, p.listing_type, p.area_basis
    FROM property_market m JOIN properties p ON p.id = m.property_id
    WHERE m.reason = 'recalculating' AND p.is_active
    UNION ALL
    SELECT p.id, p.property_type, p.listing_type, p.area_basis
    FROM properties p
    WHERE p.is_active AND p.updated_at > now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM property_market m WHERE m.property_id = p.id)
""")

# Locks properties before their market rows, in the same order as an editor's statement, to avoid deadlocks.
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

INSERT_QUALITY = text("""
    INSERT INTO market_quality
        (listing_type, listings, compared, median_error_pct, within_5, within_10, within_20, method)
    VALUES
        (:listing_type, :listings, :compared, :median_error_pct, :within_5, :within_10, :within_20, :method)
""")


async def compare_prices(engine: AsyncEngine) -> int:
    """Bring segments and labels up to date; return how many properties were written."""
    async with pass_lock(engine):
        async with engine.begin() as connection:
            await connection.execute(DELETE_SEGMENTS)
            await connection.execute(MEASURE_SEGMENTS)
        snapshot = await read_snapshot(engine, METHOD)
        return await _compare(engine, snapshot, np.arange(len(snapshot.rows)))


async def compare_withdrawn(engine: AsyncEngine) -> int:
    """Compare properties whose label was withdrawn or never set; return how many were written."""
    async with pass_lock(engine):
        async with engine.connect() as connection:
            waiting = (await connection.execute(WAITING)).all()
        if not waiting:
            return 0
        kinds = {Kind(row.property_type, row.listing_type, row.area_basis) for row in waiting}
        snapshot = await read_snapshot(engine, METHOD, kinds)
        return await _compare(engine, snapshot, snapshot.positions_of(row.id for row in waiting))


async def measure_quality(engine: AsyncEngine) -> None:
    """Store how far asking prices lie from the median of their comparables, themselves excluded."""
    snapshot = await read_snapshot(engine, METHOD)
    found = await asyncio.to_thread(survey, snapshot.listings)
    async with engine.begin() as connection:
        for listing_type in ListingType:
            await connection.execute(INSERT_QUALITY, _quality(snapshot, found, listing_type))


@asynccontextmanager
async def pass_lock(engine: AsyncEngine) -> AsyncIterator[None]:
    """Run one pass at a time; the lock ends with its connection, so a killed process releases it."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(WAIT_LONG)
        await connection.execute(LOCK_PASS)
        try:
            yield
        finally:
            await connection.execute(UNLOCK_PASS)
            await connection.execute(WAIT_AS_USUAL)


async def _compare(engine: AsyncEngine, snapshot: Snapshot, subjects: Array) -> int:
    """Compare and write what moved. `survey` runs in a thread: it takes seconds for a million listings."""
    found = await asyncio.to_thread(survey, snapshot.listings, subjects)
    news = snapshot.changed(subjects, found)
    written = 0
    for start in range(0, len(news), BATCH):
        batch = news[start : start + BATCH]
        written += await write_comparisons(engine, snapshot, subjects[batch], found.of(batch))
    log.info("market_compared", listings=len(subjects), written=written)
    return written


async def write_comparisons(engine: AsyncEngine, snapshot: Snapshot, where: Array, found: Findings) -> int:
    """Write the findings, skipping properties edited since the snapshot; those are compared again soon."""
    ids, revisions = snapshot.ids(where), snapshot.rows["revision"][where]
    async with engine.begin() as connection:
        current = await _lock_rows(connection, ids)
        still = np.array([current.get(key) == seen for key, seen in zip(ids, revisions, strict=True)])
        kept = [key for key, unchanged in zip(ids, still, strict=True) if unchanged]
        await connection.execute(WRITE, {"ids": kept, **_columns(found.of(np.flatnonzero(still)))})
    return len(kept)


async def _lock_rows(connection: AsyncConnection, ids: list[UUID]) -> dict[UUID, int]:
    rows = await connection.execute(LOCK, {"ids": ids})
    return {row.id: row.revision for row in rows}


def _columns(found: Findings) -> dict[str, object]:
    return {
        "levels": _named(LEVELS, found.level),
        "n": found.n.tolist(),
        "medians": [None if each == UNKNOWN else each for each in found.median.tolist()],
        "deltas": [None if each == UNKNOWN else each / 10 for each in found.delta_tenths.tolist()],
        "labels": _named(LABELS, found.label),
        "reasons": _named(REASONS, found.reason),
        "method": METHOD,
    }


def _named(names: Iterable[Any], numbers: Array) -> list[str | None]:
    words = [str(name) for name in names]
    return [None if number == UNKNOWN else words[number] for number in numbers]


def _quality(snapshot: Snapshot, found: Findings, listing_type: ListingType) -> dict[str, object]:
    ours = np.array([kind.listing_type == listing_type for kind in KINDS])[snapshot.listings.kind]
    errors = np.abs(found.delta_tenths[ours & (found.delta_tenths != UNKNOWN)]) / 10
    shares = {f"within_{most}": _share(errors <= most) for most in (5, 10, 20)}
    return {
        "listing_type": listing_type,
        "listings": int(ours.sum()),
        "compared": len(errors),
        "median_error_pct": round(float(np.median(errors)), 1) if len(errors) else None,
        "method": METHOD,
        **shares,
    }


def _share(these: Array) -> float | None:
    """Return the share of true values in percent; None for an empty array."""
    return round(100 * float(these.mean()), 1) if len(these) else None
