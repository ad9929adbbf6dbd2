"""Live listings as visitors see them; anything else is not found, for any reason."""

from dataclasses import asdict
from typing import Any, TypeVar, cast

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from domain.bedrooms import bhk_number
from domain.facing import facing
from domain.ids import read_id
from domain.vastu import READINGS
from schemas.api import properties as api
from schemas.errors import NotFound
from schemas.tables import Property, PropertyMarket
from schemas.vocabulary import Direction
from services.images.views import picture
from services.market import market_answer
from services.properties.scores import read_vastu
from stores.database import autocommitting

T = TypeVar("T")
PAGE_COLUMNS = (
    "id", "title", "description", "society", "locality", "sector", "latitude", "longitude",
    "location_approximate", "property_type", "listing_type", "bathrooms", "balconies", "area_sqft",
    "area_basis", "price", "price_per_sqft", "furnishing_status", "floor_number", "total_floors",
    "age_years", "possession_status", "state", "listed_at", "updated_at",
)  # fmt: skip

ListingRow = Row[*tuple[Any, ...]]
# Columns, not ORM objects: this query is frequent, and creating the object takes half of its time.
LISTING, STORED = Property.__table__.c, PropertyMarket.__table__.c
LISTING_ROW: Select[*tuple[Any, ...]] = select(
    LISTING.id, LISTING.property_type, LISTING.listing_type, LISTING.area_basis, LISTING.bhk,
    LISTING.area_sqft, LISTING.price, LISTING.price_per_sqft, LISTING.locality, LISTING.society,
    LISTING.latitude, LISTING.longitude, STORED.level, STORED.n, STORED.median, STORED.delta_pct,
    STORED.label, STORED.reason, STORED.as_of,
).outerjoin_from(Property.__table__, PropertyMarket.__table__).where(LISTING.is_active)  # fmt: skip


async def find_page(database: AsyncEngine, property_id: str) -> Property:
    """Return a live property with its market and its pictures.

    Raises:
        NotFound: it is absent or not live, or the id is not a UUID; visitors cannot tell which.
    """
    key = read_id(property_id)
    async with AsyncSession(autocommitting(database)) as session:
        query = select(Property).where(Property.id == key, Property.is_active)
        asked = query.options(joinedload(Property.market), selectinload(Property.images))
        found = None if key is None else await session.scalar(asked)
    return _require_found(found)


async def find_listing_row(database: AsyncEngine, property_id: str) -> ListingRow:
    """Return what a live property is compared by; raises NotFound in the same cases as `find_page`."""
    key = read_id(property_id)
    async with autocommitting(database).connect() as connection:
        found = await connection.execute(LISTING_ROW.where(LISTING.id == key))
    return _require_found(found.one_or_none())


def _require_found(found: T | None) -> T:
    if found is None:
        raise no_such_listing()
    return found


def no_such_listing() -> NotFound:
    return NotFound("There is no such listing, or it is no longer offered.")


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
