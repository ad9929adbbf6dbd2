"""Property pages; they read Postgres, so they work while search is down."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from sanic import Blueprint, HTTPResponse
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from domain.bedrooms import bhk_number
from domain.facing import facing
from domain.ids import read_id
from domain.vastu import READINGS
from schemas.api import properties as api
from schemas.api.search.similar import SimilarListings
from schemas.errors import NotFound, SearchUnavailable
from schemas.tables import Property, PropertyMarket
from schemas.vocabulary import DealLabel, Direction
from search.similar import similar_listings
from server.addresses import client_network
from server.context import CasaRequest
from server.http.described import CACHED, VISIT, describes
from server.http.messages import reply, with_etag_or_304
from server.http.search_rate import limit_searches
from server.pictures import with_picture_urls
from server.search_cache import counting_failures
from server.telemetry.view_log import LoggedView, visitor_of
from services.images.views import picture
from services.properties.scores import read_vastu

blueprint = Blueprint("properties", url_prefix="/api/v1/properties")

T = TypeVar("T")
PAGE_COLUMNS = (
    "id", "title", "description", "society", "locality", "sector", "latitude", "longitude",
    "location_approximate", "property_type", "listing_type", "bathrooms", "balconies", "area_sqft",
    "area_basis", "price", "price_per_sqft", "furnishing_status", "floor_number", "total_floors",
    "age_years", "possession_status", "state", "listed_at", "updated_at",
)  # fmt: skip


@blueprint.get("/<property_id:str>")
@describes(api.PropertyPage, CACHED, VISIT, raises=(NotFound,))
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Show a live listing in full.

    Anything else is not found, for any reason.
    """
    found = await find_live(request.app.ctx.database, property_id, selectinload(Property.images))
    count_view(request, found.id)
    return with_etag_or_304(request, reply(with_picture_urls(property_page(found), request.app.ctx.settings)))


def count_view(request: CasaRequest, property_id: UUID) -> None:
    """Note a view, which is counted a moment later, so that no page waits for it; prefetches are ignored."""
    if request.is_prefetch:
        return
    address = client_network(request)
    context, session_id = request.app.ctx, request.session_id
    visitor = visitor_of(session_id, address, context.keys_for("visitors of a day")[0], datetime.now(UTC))
    context.metrics.views.inc()
    context.view_log.add(LoggedView(property_id, visitor, session_id))


@blueprint.get("/<property_id:str>/similar")
@describes(SimilarListings, CACHED, raises=(NotFound, SearchUnavailable))
async def similar(request: CasaRequest, property_id: str) -> HTTPResponse:
    """List listings similar to this one, each with the reason."""
    await limit_searches(request)
    context = request.app.ctx
    find = partial(similar_listings, context.search, context.settings.index_alias, property_id)
    found = await counting_failures(context, "similar", find)
    context.metrics.searched("similar", is_empty=not found["items"])
    return with_etag_or_304(request, reply(with_picture_urls(found, context.settings)))


async def find_live(database: AsyncEngine, property_id: str, *more: ExecutableOption) -> Property:
    """Return a live property with its market and the relations named in `more`.

    Raises:
        NotFound: it is absent or not live, or the id is not a UUID; visitors cannot tell which.
    """
    key = read_id(property_id)
    async with AsyncSession(autocommit(database)) as session:
        query = select(Property).where(Property.id == key, Property.is_active)
        asked = query.options(joinedload(Property.market), *more)
        found = None if key is None else await session.scalar(asked)
    return require_found(found)


def autocommit(database: AsyncEngine) -> AsyncEngine:
    """Return the engine in autocommit mode, because reads need no BEGIN and COMMIT around them."""
    return database.execution_options(isolation_level="AUTOCOMMIT")


def require_found(found: T | None) -> T:
    if found is None:
        raise NotFound("There is no such listing, or it is no longer offered.")
    return found


def property_page(found: Property) -> api.PropertyPage:
    shown: dict[str, Any] = {column: getattr(found, column) for column in PAGE_COLUMNS}
    shown["bhk"] = None if found.bhk is None else bhk_number(str(found.bhk))
    shown["facing"] = _facing(found.facing_direction)
    shown["scores"] = api.Scores(vastu=_vastu(found), light=_light(found))
    shown["market"] = None if found.market is None else market_answer(found.market)
    shown["images"] = [picture(image) for image in found.images]
    return cast("api.PropertyPage", shown)


def _facing(direction: str | None) -> api.Facing | None:
    if direction is None:
        return None
    reading = READINGS["facing", Direction(direction)]
    shown = asdict(facing(Direction(direction)))
    shown["vastu"] = api.FacingReading(rating=reading.rating, sentence=reading.sentence)
    return cast("api.Facing", shown)


def _vastu(found: Property) -> api.VastuScore:
    readings = read_vastu(vars(found)).readings
    return api.VastuScore(
        score=found.vastu_score,
        coverage=found.vastu_coverage,
        partial=found.vastu_score is None,
        source=found.vastu_source,
        set_at=found.vastu_set_at,
        rules_version=found.vastu_rules_version,
        note="A traditional guideline, never a promise.",
        readings=[cast("api.Verdict", asdict(reading)) for reading in readings],
    )


def _light(found: Property) -> api.Score:
    return api.Score(
        score=found.light_score,
        coverage=found.light_coverage,
        partial=found.light_score is None,
        source=found.light_source,
        set_at=found.light_set_at,
    )


def market_answer(market: PropertyMarket | Row[*tuple[Any, ...]]) -> api.Market:
    return api.Market(
        level=market.level,
        n=market.n,
        median=market.median,
        delta_pct=None if market.delta_pct is None else float(market.delta_pct),
        label=None if market.label is None else DealLabel(market.label),
        reason=market.reason,
        as_of=market.as_of,
    )
