"""Results of the market passes: prices by segment, and the quality of the comparison."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.market import Quality
from schemas.api.search.localities import LocalitiesRequest
from schemas.tables import MarketQuality, MarketSegment
from schemas.vocabulary import ListingType

FEWEST = 5
"""Fewest listings of a segment that is shown; in a smaller one, a single odd price would dominate."""


async def read_segments(
    session: AsyncSession, wanted: LocalitiesRequest, bhk: float | None = None
) -> dict[str, MarketSegment]:
    """Return segments with enough listings, by locality; without `bhk`, those of all bedrooms together."""
    column = MarketSegment.__table__.c
    query = select(MarketSegment).where(
        *(column[name] == getattr(wanted, name) for name in LocalitiesRequest.model_fields),
        MarketSegment.every_bhk if bhk is None else (MarketSegment.bhk == bhk) & ~MarketSegment.every_bhk,
        MarketSegment.n >= FEWEST,
    )
    return {row.locality: row for row in await session.scalars(query.order_by(MarketSegment.locality))}


async def read_quality(session: AsyncSession) -> list[Quality]:
    """Return the newest rows for sale and for rent, measured together; empty before the first nightly run."""
    last = select(func.max(MarketQuality.as_of)).scalar_subquery()
    newest = select(MarketQuality).where(MarketQuality.as_of == last).order_by(MarketQuality.id)
    return [_quality(row) for row in await session.scalars(newest)]


def _quality(row: MarketQuality) -> Quality:
    percents = (row.median_error_pct, row.within_5, row.within_10, row.within_20)
    median_error, within_5, within_10, within_20 = (
        None if percent is None else float(percent) for percent in percents
    )
    return Quality(
        listing_type=ListingType(row.listing_type),
        listings=row.listings,
        compared=row.compared,
        median_error_pct=median_error,
        within_5_pct=within_5,
        within_10_pct=within_10,
        within_20_pct=within_20,
        method=row.method,
        as_of=row.as_of,
    )
