"""The list of properties for admins. Every page is as fast as the first.

The ids come from an index that holds the order and the most common filters, so that even the last page
of a hundred thousand is found without reading a row. Then the rows of that page are read. See the
indexes in schemas/tables/properties.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, UnaryExpression, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.texts.words import words_of
from schemas.api.admin.properties import Order, PropertyList, PropertyRow
from schemas.api.lists import Items
from schemas.tables import Property, PropertyImage
from services.paging import as_page
from services.word_search import words_starting_with

Columns = tuple[InstrumentedAttribute[Any], ...]
Found = tuple[Sequence[UUID], int]
"""The unordered ids of a page, and the total on all pages."""

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
"""The column to sort by, and whether the order is descending."""

_COUNTED = select(func.count()).select_from(PropertyImage).where(PropertyImage.property_id == Property.id)
PICTURES = _COUNTED.scalar_subquery()
ENHANCED = _COUNTED.where(PropertyImage.enhanced_url.is_not(None)).scalar_subquery()
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
    ENHANCED.label("enhanced_images"),
    THUMBNAIL.label("thumbnail_url"),
    Property.view_count,
    Property.inquiry_count,
    Property.updated_at,
)


async def list_properties(session: AsyncSession, wanted: PropertyList) -> Items[PropertyRow]:
    ids, total = await (_search if wanted.q else _walk)(session, wanted)
    shown = select(*SHOWN).where(Property.id.in_(ids)).order_by(*_order(wanted.sort))
    rows = (await session.execute(shown)).mappings() if ids else ()
    return as_page([cast("PropertyRow", dict(row)) for row in rows], total, wanted)


async def _walk(session: AsyncSession, wanted: PropertyList) -> Found:
    """Count along a narrow index; then walk the index that has the order, from the end that is nearer."""
    conditions = list(_conditions(wanted))
    total = await session.scalar(select(func.count()).select_from(Property).where(*conditions)) or 0
    before, left = wanted.offset, max(0, total - wanted.offset)
    size = min(wanted.page_size, left)
    backwards = left < before
    page = select(Property.id).where(*conditions).order_by(*_order(wanted.sort, backwards=backwards))
    ids = await session.scalars(page.offset(left - size if backwards else before).limit(size))
    return ids.all(), total


async def _search(session: AsyncSession, wanted: PropertyList) -> Found:
    """Find all rows with the words in one pass, because their number cannot be estimated."""
    column, _ = SORTS[wanted.sort]
    naming = select(Property.id, column.label("by")).where(
        *_conditions(wanted), words_starting_with(Property.search, words_of(wanted.q))
    )
    found = naming.cte("found")
    page = select(found.c.id).order_by(*_order(wanted.sort, found.c.by, found.c.id))
    ids = func.array(page.offset(wanted.offset).limit(wanted.page_size).scalar_subquery())
    count = select(func.count()).select_from(found).scalar_subquery()
    chosen, total = (await session.execute(select(ids, count))).one()
    return chosen, total


def _order(sort: Order, *columns: ColumnElement[Any], backwards: bool = False) -> list[UnaryExpression[Any]]:
    column, descending = SORTS[sort]
    down = descending != backwards
    return [each.desc() if down else each.asc() for each in columns or (column, Property.id)]


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


def _one_of(column: InstrumentedAttribute[Any], several: Iterable[Any]) -> ColumnElement[bool]:
    """Send integers as floats, because one integer would make SQLAlchemy send all bedrooms as integers."""
    return column.in_([float(value) if isinstance(value, int) else value for value in several])


def _between(column: InstrumentedAttribute[Any], least: Any, most: Any) -> Iterator[ColumnElement[bool]]:
    if least is not None:
        yield column >= least
    if most is not None:
        yield column <= most
