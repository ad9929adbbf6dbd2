"""The table of properties that admins page through, every page as fast as the first.

Ids first, by an index that holds the order and the commonest filters, so that even the last page of
a hundred thousand is found without touching a row; then the rows of one page. See the indexes in
schemas/tables/properties.py.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, UnaryExpression, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from schemas.api.admin_properties import Order, PropertyList, PropertyRow
from schemas.api.lists import Items
from schemas.tables import Property, PropertyImage

Columns = tuple[InstrumentedAttribute[Any], ...]

SORTS: dict[Order, tuple[InstrumentedAttribute[Any], bool]] = {
    Order.NEWEST: (Property.created_at, True),
    Order.OLDEST: (Property.created_at, False),
    Order.UPDATED_DESC: (Property.updated_at, True),
    Order.UPDATED_ASC: (Property.updated_at, False),
    Order.PRICE_DESC: (Property.price, True),
    Order.PRICE_ASC: (Property.price, False),
    Order.AREA_DESC: (Property.area_sqft, True),
    Order.AREA_ASC: (Property.area_sqft, False),
    Order.VIEWS_DESC: (Property.view_count, True),
    Order.VIEWS_ASC: (Property.view_count, False),
    Order.INQUIRIES_DESC: (Property.inquiry_count, True),
    Order.INQUIRIES_ASC: (Property.inquiry_count, False),
}
"""What is sorted by, and whether the greatest comes first."""

SEARCHED = (Property.title, Property.society, Property.external_ref)
WILD = re.compile(r"[\\%_]")

PICTURES = (
    select(func.count())
    .select_from(PropertyImage)
    .where(PropertyImage.property_id == Property.id)
    .scalar_subquery()
)
THUMBNAIL = (
    select(PropertyImage.thumbnail_url)
    .where(PropertyImage.property_id == Property.id, PropertyImage.is_primary)
    .scalar_subquery()
)
SHOWN = (
    Property.id,
    Property.external_ref,
    Property.title,
    Property.locality,
    Property.property_type,
    Property.listing_type,
    Property.bhk,
    Property.area_sqft,
    Property.price,
    Property.state,
    Property.version,
    PICTURES.label("images"),
    THUMBNAIL.label("thumbnail_url"),
    Property.view_count,
    Property.inquiry_count,
    Property.updated_at,
)


async def list_properties(session: AsyncSession, wanted: PropertyList) -> Items[PropertyRow]:
    conditions = list(_conditions(wanted))
    rows = (await session.execute(_page(wanted, conditions))).mappings()
    return Items(
        items=[cast("PropertyRow", dict(row)) for row in rows],
        total=await session.scalar(select(func.count()).select_from(Property).where(*conditions)) or 0,
        page=wanted.page,
        page_size=wanted.page_size,
        next_cursor=None,
    )


def _page(wanted: PropertyList, conditions: list[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    order = _order(wanted.sort)
    chosen = (
        select(Property.id)
        .where(*conditions)
        .order_by(*order)
        .offset(wanted.offset)
        .limit(wanted.page_size)
        .subquery()
    )
    return select(*SHOWN).join(chosen, chosen.c.id == Property.id).order_by(*order)


def _order(sort: Order) -> list[UnaryExpression[Any]]:
    column, descending = SORTS[sort]
    return [each.desc() if descending else each.asc() for each in (column, Property.id)]


CHOSEN: Columns = (Property.state, Property.property_type, Property.locality, Property.bhk)
EQUAL: Columns = (Property.listing_type, Property.external_ref, Property.created_by)


def _conditions(wanted: PropertyList) -> Iterator[ColumnElement[bool]]:
    yield from (_one_of(column, several) for column in CHOSEN if (several := getattr(wanted, column.key)))
    yield from (column == one for column in EQUAL if (one := getattr(wanted, column.key)) is not None)
    yield from _between(Property.price, wanted.price_min, wanted.price_max)
    yield from _between(Property.area_sqft, wanted.area_min, wanted.area_max)
    yield from _between(Property.updated_at, wanted.updated_since, None)
    if wanted.has_images is not None:
        pictured = exists().where(PropertyImage.property_id == Property.id)
        yield pictured if wanted.has_images else ~pictured
    if wanted.q:
        yield _mentions(wanted.q)


def _one_of(column: InstrumentedAttribute[Any], several: Iterable[Any]) -> ColumnElement[bool]:
    """A whole number among bedrooms would make SQLAlchemy send all of them as whole numbers."""
    return column.in_([float(value) if isinstance(value, int) else value for value in several])


def _between(column: InstrumentedAttribute[Any], least: Any, most: Any) -> Iterator[ColumnElement[bool]]:
    if least is not None:
        yield column >= least
    if most is not None:
        yield column <= most


def _mentions(words: str) -> ColumnElement[bool]:
    """The words as they are, wherever they stand; what LIKE reads as wild is only a character here."""
    pattern = func.lower("%" + WILD.sub(r"\\\g<0>", words) + "%")
    return or_(*(func.lower(column).like(pattern) for column in SEARCHED))
