"""Turn property rows and their joins into documents: one statement reads, one function renders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, cast
from unicodedata import normalize
from uuid import UUID

from psycopg import AsyncConnection as DriverConnection
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Compiled,
    Float,
    Select,
    Text,
    Uuid,
    bindparam,
    create_engine,
    func,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.price_bands import ladder_step
from domain.ranking import deal_order, stored_rank
from schemas.index.listings import BUCKETS, ListingDocument
from schemas.tables import Property, PropertyImage, PropertyMarket

TEXT_FIELDS = ("title", "description", "society")
MAX_TEXT = 100_000  # characters; even with all of them escaped, a document fits into one body (bulk.py)


class Tombstone(TypedDict):
    """Replaces the document of a deleted property, so that late writes cannot bring it back."""

    id: str
    revision: int
    bucket: int
    is_active: bool
    deleted_at: str


IndexedDocument = ListingDocument | Tombstone


@dataclass(frozen=True)
class Refusal:
    """A document that the renderer or the engine refused, and the reason."""

    property_id: str
    revision: int
    error_type: str
    reason: str


@dataclass(frozen=True)
class RenderedPage:
    documents: list[ListingDocument]
    refusals: list[Refusal]

    @property
    def rows(self) -> int:
        return len(self.documents) + len(self.refusals)

    @property
    def last_id(self) -> UUID | None:
        """The greatest id among the rows; ids sort the same as text."""
        ids = [document["id"] for document in self.documents[-1:]]
        ids += [refusal.property_id for refusal in self.refusals[-1:]]
        return UUID(max(ids)) if ids else None


def bucket(property_id: str) -> int:
    """Return the bucket (group of ids) of a property; `BUCKET` is the same in SQL.

    It combines the last digits, which are random in random ids, with time digits, which vary in
    sequential ids.
    """
    return int(property_id[-8:] + property_id[9:13], 16) % BUCKETS


ID = sql_cast(Property.id, Text)
BITS = "x" + func.right(ID, 8) + func.substr(ID, 10, 4)
BUCKET = sql_cast(sql_cast(BITS, BIT(48)), BigInteger) % BUCKETS

# The enhanced picture's thumbnail, named as in domain/pictures.py, is preferred to the original's.
BETTER = func.replace(PropertyImage.enhanced_url, "/large.webp", "/thumbnail.webp")
IMAGE = (
    select(func.coalesce(BETTER, PropertyImage.thumbnail_url, PropertyImage.original_url))
    .where(PropertyImage.property_id == Property.id)
    .order_by(PropertyImage.is_primary.desc(), PropertyImage.display_order, PropertyImage.id)
    .limit(1)
    .scalar_subquery()
)

# Columns have the names of the document's fields and JSON-compatible types: no Decimal, no UUID. Dates
# are read as seconds, because a date outside Python's range would otherwise fail the whole batch.
ROWS: Select[*tuple[Any, ...]] = select(
    ID.label("id"),
    Property.revision,
    Property.is_active,
    Property.title,
    Property.description,
    Property.society,
    Property.locality,
    Property.sector,
    Property.latitude,
    Property.longitude,
    Property.location_approximate,
    Property.property_type,
    Property.listing_type,
    sql_cast(Property.bhk, Text).label("bhk"),
    Property.bathrooms,
    Property.area_sqft,
    Property.area_basis,
    Property.price,
    Property.price_per_sqft,
    Property.facing_direction,
    Property.entrance_direction,
    Property.kitchen_direction,
    Property.master_bedroom_direction,
    Property.pooja_direction,
    Property.toilet_direction,
    Property.furnishing_status,
    Property.possession_status,
    Property.floor_number,
    Property.total_floors,
    Property.age_years,
    Property.vastu_score,
    Property.light_score,
    PropertyMarket.label.label("deal"),
    sql_cast(PropertyMarket.delta_pct, Float).label("deal_delta_pct"),
    IMAGE.label("image"),
    func.date_part("epoch", Property.listed_at).label("listed_at"),
).outerjoin_from(Property, PropertyMarket, PropertyMarket.property_id == Property.id)

FIELDS = tuple(ROWS.selected_columns.keys())
CHOSEN = ROWS.where(Property.id == func.any(bindparam("ids", type_=ARRAY(Uuid))))
LAST = UUID(int=(1 << 128) - 1)


def compiled(statement: Select[*tuple[Any, ...]]) -> Compiled:
    """Compile a statement to the driver's SQL."""
    return statement.compile(dialect=create_engine("postgresql+psycopg://").dialect)


FIRST_PAGE = ROWS.where(Property.id <= bindparam("until")).order_by(Property.id).limit(bindparam("limit"))
PAGES = {False: compiled(FIRST_PAGE), True: compiled(FIRST_PAGE.where(Property.id > bindparam("after")))}
"""Statements by whether there was a page before."""


async def read_documents(connection: AsyncConnection, ids: Sequence[UUID]) -> RenderedPage:
    """Read the documents of these properties; properties that no longer exist are left out."""
    return render_all(await connection.execute(CHOSEN, {"ids": list(ids)}))


async def read_page(
    connection: AsyncConnection, *, after: UUID | None, until: UUID | None, limit: int
) -> RenderedPage:
    """Read the documents of the next properties by id, in `(after, until]`; None means unbounded.

    The query goes directly to the driver in binary format, because a fill reads a million rows.

    Raises:
        psycopg.Error: the database is unavailable.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, DriverConnection)
    page = PAGES[after is not None]
    bounds = page.params | {"after": after, "until": until or LAST, "limit": limit}
    async with driver.cursor(binary=True) as cursor:
        await cursor.execute(str(page).encode(), bounds, prepare=True)
        return render_all(await cursor.fetchall())


def render_all(rows: Iterable[Sequence[Any]]) -> RenderedPage:
    """Render each row; one that fails becomes a refusal and does not block the others."""
    documents: list[ListingDocument] = []
    refusals: list[Refusal] = []
    for row in rows:
        try:
            documents.append(render(dict(zip(FIELDS, row, strict=False))))
        except Exception as error:  # noqa: BLE001  an error in one row must not affect the others
            refusals.append(Refusal(row[0], row[1], type(error).__name__, str(error)))
    return RenderedPage(documents, refusals)


def render(row: dict[str, Any]) -> ListingDocument:
    """Turn a row into its document, in place. The result depends only on the row."""
    check_size(row)
    for field in TEXT_FIELDS:  # the engine folds only precomposed accents
        row[field] = row[field] and normalize("NFC", row[field])
    listed_at = datetime.fromtimestamp(row["listed_at"], UTC)
    latitude, longitude = row.pop("latitude"), row.pop("longitude")
    row["location"] = None if latitude is None else {"lat": latitude, "lon": longitude}
    row["price_step"] = str(ladder_step(row["listing_type"], row["price"]))
    row["bucket"] = bucket(row["id"])
    row["listed_at"] = iso_seconds(listed_at)
    row["deal_order"] = deal_order(row["deal"], row["deal_delta_pct"])
    has_image = row["image"] is not None
    row["rank"] = stored_rank(
        row["vastu_score"], row["light_score"], row["deal"], has_image=has_image, listed_at=listed_at
    )
    return cast("ListingDocument", row)


def check_size(row: dict[str, Any]) -> None:
    size = len(row["title"]) + len(row["description"]) + len(row["society"] or "")
    if size > MAX_TEXT:
        raise ValueError(f"{size:,} characters of text; the index takes {MAX_TEXT:,}")


def tombstone(property_id: UUID, revision: int, deleted_at: datetime) -> Tombstone:
    return {
        "id": str(property_id),
        "revision": revision,
        "bucket": bucket(str(property_id)),
        "is_active": False,
        "deleted_at": iso_seconds(deleted_at.astimezone(UTC)),
    }


def iso_seconds(moment: datetime) -> str:
    """Format a UTC time as in the index, in whole seconds."""
    return moment.isoformat()[:19] + "Z"
