"""Property pages; they read Postgres, so they live when search is down."""

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from sanic import Blueprint, HTTPResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import selectinload

from domain.bedrooms import bhk_number
from domain.facing import facing
from schemas.api import properties as api
from schemas.errors import NotFound
from schemas.tables import Property, PropertyImage, PropertyMarket
from schemas.vocabulary import DealLabel, Direction
from server.context import CasaRequest
from server.http import reply, unless_known
from server.search.similar import similar_listings

blueprint = Blueprint("properties", url_prefix="/api/v1/properties")

SHOWN = (
    "id", "title", "description", "society", "locality", "sector", "latitude", "longitude",
    "location_approximate", "property_type", "listing_type", "bathrooms", "balconies", "area_sqft",
    "area_basis", "price", "price_per_sqft", "furnishing_status", "floor_number", "total_floors",
    "age_years", "possession_status", "state", "listed_at", "updated_at",
)  # fmt: skip


@blueprint.get("/<property_id:str>")
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """A live listing in full; anything else is not found, whatever the reason."""
    found = await find_live(request.app.ctx.database, property_id)
    return unless_known(request, reply(property_page(found), headers={"cache-control": "no-cache"}))


@blueprint.get("/<property_id:str>/similar")
async def similar(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Other listings for somebody who likes this one, each with why."""
    context = request.app.ctx
    return reply(await similar_listings(context.search, context.settings.index_alias, property_id))


async def find_live(database: AsyncEngine, property_id: str) -> Property:
    """Raises NotFound for what is absent, not live, or no id at all: a stranger learns nothing more."""
    async with AsyncSession(database) as session:
        key = _uuid(property_id)
        query = select(Property).where(Property.id == key, Property.is_active)
        whole = query.options(selectinload(Property.images), selectinload(Property.market))
        found = None if key is None else await session.scalar(whole)
    if found is None:
        raise NotFound("There is no such listing, or it is no longer offered.")
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def property_page(found: Property) -> api.PropertyPage:
    shown: dict[str, Any] = {column: getattr(found, column) for column in SHOWN}
    shown["bhk"] = None if found.bhk is None else bhk_number(str(found.bhk))
    shown["facing"] = _facing(found.facing_direction)
    shown["scores"] = api.Scores(
        vastu=api.Score(score=found.vastu_score, coverage=found.vastu_coverage, source=found.vastu_source),
        light=api.Score(score=found.light_score, coverage=found.light_coverage, source=found.light_source),
    )
    shown["market"] = None if found.market is None else _market(found.market)
    shown["images"] = [_picture(image) for image in found.images]
    return cast("api.PropertyPage", shown)


def _facing(direction: str | None) -> api.Facing | None:
    return None if direction is None else cast("api.Facing", asdict(facing(Direction(direction))))


def _market(market: PropertyMarket) -> api.Market:
    return api.Market(
        level=market.level,
        n=market.n,
        median=market.median,
        delta_pct=None if market.delta_pct is None else float(market.delta_pct),
        label=None if market.label is None else DealLabel(market.label),
        reason=market.reason,
        as_of=market.as_of,
    )


def _picture(image: PropertyImage) -> api.Picture:
    return api.Picture(
        id=image.id,
        url=image.original_url,
        thumbnail_url=image.thumbnail_url,
        enhanced_url=image.enhanced_url,
        image_type=image.image_type,
        is_primary=image.is_primary,
        enhancement_status=image.enhancement_status,
    )
