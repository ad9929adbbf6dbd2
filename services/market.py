"""Results of the market passes: prices by segment, and the quality of the comparison."""

from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.market import ASKING_PRICES, MarketQuality, Quality, Segment, Segments, SegmentsRequest
from schemas.api.properties import Market
from schemas.api.search.localities import LocalitiesRequest
from schemas.sectors import LOCALITIES
from schemas.tables import MarketQuality as QualityRow
from schemas.tables import MarketSegment, PropertyMarket
from schemas.vocabulary import DealLabel, ListingType

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


async def list_segments(session: AsyncSession, wanted: SegmentsRequest) -> Segments:
    found = await read_segments(session, wanted, wanted.bhk)
    return Segments(
        basis=ASKING_PRICES,
        listing_type=wanted.listing_type,
        property_type=wanted.property_type,
        area_basis=wanted.area_basis,
        bhk=wanted.bhk,
        fewest=FEWEST,
        items=[_segment(row) for row in found.values()],
    )


async def read_quality(session: AsyncSession) -> MarketQuality:
    """Return the newest rows for sale and for rent, measured together; empty before the first nightly run."""
    last = select(func.max(QualityRow.as_of)).scalar_subquery()
    newest = select(QualityRow).where(QualityRow.as_of == last).order_by(QualityRow.id)
    items = [_quality(row) for row in await session.scalars(newest)]
    return MarketQuality(basis=ASKING_PRICES, items=items)


def _segment(row: MarketSegment) -> Segment:
    fact = LOCALITIES[row.locality]
    return Segment(
        locality=row.locality,
        latitude=fact.latitude,
        longitude=fact.longitude,
        n=row.n,
        p25=row.p25,
        median=row.median,
        p75=row.p75,
        as_of=row.as_of,
    )


def _quality(row: QualityRow) -> Quality:
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


def market_answer(market: PropertyMarket | Row[*tuple[Any, ...]]) -> Market:
    return Market(
        level=market.level,
        n=market.n,
        median=market.median,
        delta_pct=None if market.delta_pct is None else float(market.delta_pct),
        label=None if market.label is None else DealLabel(market.label),
        reason=market.reason,
        as_of=market.as_of,
    )
