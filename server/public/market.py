"""Market prices: a listing compared with similar ones, prices by locality, and the quality of comparisons."""

from datetime import UTC, datetime
from typing import Any

from sanic import Blueprint, HTTPResponse
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ids import read_id
from domain.market.comparison import Comparison
from domain.market.labels import FEWEST, next_better
from schemas.api.market import (
    ASKING_PRICES,
    Interval,
    LadderStep,
    MarketComparison,
    MarketQuality,
    NextBetter,
    Prices,
    Segment,
    Segments,
    SegmentsRequest,
)
from schemas.errors import NotFound, SearchUnavailable
from schemas.sectors import LOCALITIES
from schemas.tables import MarketSegment, Property, PropertyMarket
from search.market import LiveComparison, Subject, compare_live
from server.context import CasaRequest, transaction
from server.http.described import CACHED, describes
from server.http.messages import read_query, reply, with_etag_or_304
from server.http.search_rate import limit_searches
from server.public.properties import autocommit, market_answer, require_found
from services.market import FEWEST as FEWEST_IN_SEGMENT
from services.market import read_quality, read_segments

blueprint = Blueprint("market", url_prefix="/api/v1")
blueprint.on_request(limit_searches)

ListingRow = Row[*tuple[Any, ...]]
# Columns, not ORM objects: this query is frequent, and creating the object takes half of its time.
LISTING, STORED = Property.__table__.c, PropertyMarket.__table__.c
LISTING_ROW: Select[*tuple[Any, ...]] = select(
    LISTING.id, LISTING.property_type, LISTING.listing_type, LISTING.area_basis, LISTING.bhk,
    LISTING.area_sqft, LISTING.price, LISTING.price_per_sqft, LISTING.locality, LISTING.society,
    LISTING.latitude, LISTING.longitude, STORED.level, STORED.n, STORED.median, STORED.delta_pct,
    STORED.label, STORED.reason, STORED.as_of,
).outerjoin_from(Property.__table__, PropertyMarket.__table__).where(LISTING.is_active)  # fmt: skip


@blueprint.get("/properties/<property_id:str>/market")
@describes(MarketComparison, raises=(NotFound, SearchUnavailable))
async def comparison(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Compare a live listing's price with those of its comparables.

    The answer also says how these were found.
    """
    context = request.app.ctx
    found = await find_listing_row(context.database, property_id)
    compared = await compare_live(context.search, context.settings.index_alias, subject_of(found))
    return reply(comparison_answer(found, compared), headers={"cache-control": "no-cache"})


@blueprint.get("/market/segments")
@describes(Segments, CACHED, query=SegmentsRequest)
async def segments(request: CasaRequest) -> HTTPResponse:
    """List prices by locality, for maps and reports."""
    wanted = read_query(request, SegmentsRequest)
    async with transaction(request.app.ctx) as session:
        found = await read_segments(session, wanted, wanted.bhk)
    answer = Segments(
        basis=ASKING_PRICES,
        listing_type=wanted.listing_type,
        property_type=wanted.property_type,
        area_basis=wanted.area_basis,
        bhk=wanted.bhk,
        fewest=FEWEST_IN_SEGMENT,
        items=[segment_answer(segment) for segment in found.values()],
    )
    return with_etag_or_304(request, reply(answer, headers={"cache-control": "public, max-age=300"}))


def segment_answer(segment: MarketSegment) -> Segment:
    fact = LOCALITIES[segment.locality]
    return Segment(
        locality=segment.locality,
        latitude=fact.latitude,
        longitude=fact.longitude,
        n=segment.n,
        p25=segment.p25,
        median=segment.median,
        p75=segment.p75,
        as_of=segment.as_of,
    )


@blueprint.get("/market/quality")
@describes(MarketQuality, CACHED)
async def quality(request: CasaRequest) -> HTTPResponse:
    """Show how far asking prices were from the medians of their comparables, as measured last night."""
    async with transaction(request.app.ctx) as session:
        items = await read_quality(session)
    return with_etag_or_304(request, reply({"basis": ASKING_PRICES, "items": items}))


async def find_listing_row(database: AsyncEngine, property_id: str) -> ListingRow:
    """Return the columns of LISTING_ROW for a live listing; raises NotFound as `find_live` does."""
    key = read_id(property_id)
    async with autocommit(database).connect() as connection:
        found = await connection.execute(LISTING_ROW.where(LISTING.id == key))
    return require_found(found.one_or_none())


def subject_of(found: ListingRow) -> Subject:
    place = None
    if found.latitude is not None and found.longitude is not None:
        place = found.latitude, found.longitude
    return Subject(
        id=str(found.id),
        property_type=found.property_type,
        listing_type=found.listing_type,
        area_basis=found.area_basis,
        bhk=found.bhk,
        area_sqft=found.area_sqft,
        price_per_sqft=found.price_per_sqft,
        locality=found.locality,
        society=found.society,
        place=place,
    )


def comparison_answer(subject: ListingRow, found: LiveComparison) -> MarketComparison:
    compared = found.comparison
    return MarketComparison(
        property_id=subject.id,
        basis=ASKING_PRICES,
        area_basis=subject.area_basis,
        price=subject.price,
        price_per_sqft=subject.price_per_sqft,
        level=compared.level,
        n=compared.n,
        removed=compared.ladder[-1].removed,
        comparable_prices=_prices(compared),
        percentile=compared.percentile,
        delta_pct=None if compared.delta_tenths is None else compared.delta_tenths / 10,
        label=compared.label,
        reason=compared.reason,
        next_better=_next_better(subject, compared),
        approximate=found.approximate,
        comparables=found.comparables,
        ladder=[LadderStep(level=step.level, n=step.n, removed=step.removed) for step in compared.ladder],
        stored=None if subject.as_of is None else market_answer(subject),
        as_of=datetime.now(UTC),
    )


def _prices(compared: Comparison) -> Prices | None:
    figures = compared.figures
    if figures is None:
        return None
    enough = figures.n >= FEWEST
    return Prices(
        p25=figures.p25,
        median=figures.median,
        p75=figures.p75,
        interval=Interval(low=figures.low, high=figures.high) if enough else None,
        dispersion_pct=figures.dispersion_pct,
    )


def _next_better(subject: ListingRow, compared: Comparison) -> NextBetter | None:
    if compared.figures is None or compared.label is None:
        return None
    better = next_better(subject.price, subject.area_sqft, compared.figures)
    if better is None:
        return None
    return NextBetter(label=better.label, price=better.price, difference=better.difference)
