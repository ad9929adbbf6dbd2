"""Rendering rows as documents."""

import json
import random
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from indexer.changes.documents import (
    BUCKET,
    MAX_TEXT,
    RenderedPage,
    bucket,
    read_documents,
    read_page,
    tombstone,
)
from schemas.index.listings import BUCKETS, MAPPING
from schemas.tables import Property, PropertyImage, PropertyMarket
from tests.factories import home, picture, plot

ID = UUID("01234567-89ab-7cde-8f01-23456789abcd")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def connection(session: AsyncSession) -> AsyncConnection:
    return await session.connection()


async def add(connection: AsyncConnection, **columns: Any) -> UUID:
    statement = insert(Property).values(**home(**columns)).returning(Property.id)
    return (await connection.execute(statement)).scalar_one()


async def render_one(connection: AsyncConnection, property_id: UUID) -> dict[str, Any]:
    rendered = await read_documents(connection, [property_id])
    assert not rendered.refusals
    (document,) = rendered.documents
    return dict(document)


CONTENT = (4, "fa1e01575a89")
"""`_meta.content` as of the last change of the documents, and a digest of sample documents. If only the
digest changes, this release would accept an older index as its own: raise the number, then update both
here."""


async def test_documents_of_another_content_have_another_number(connection):
    rng = random.Random(4)
    for number in range(20):
        made = {"id": UUID(int=number + 1), "listed_at": NOON, "price": rng.randint(20, 900) * 100_000}
        kind = {"vastu_score": rng.choice([None, 40, 90]), "facing_direction": rng.choice([None, "east"])}
        await connection.execute(insert(Property).values(**(home if number % 3 else plot)(**made, **kind)))
        if number % 2:
            label = rng.choice(["great", "fair", "high", "check_price"])
            market = {"property_id": made["id"], "n": 12, "label": label, "delta_pct": 2.5, "method": "test"}
            await connection.execute(insert(PropertyMarket).values(**market))
    rendered = await read_documents(connection, [UUID(int=number + 1) for number in range(20)])
    documents = [{**document, "revision": None} for document in rendered.documents]
    written = json.dumps(sorted(documents, key=itemgetter("id")), sort_keys=True, default=str)
    assert (MAPPING["_meta"]["content"], sha256(written.encode()).hexdigest()[:12]) == CONTENT


async def test_a_full_row_becomes_a_full_document(connection):
    await add(
        connection,
        id=ID,
        description="Faces the park.",
        society="Green Court",
        bhk=2.5,
        bathrooms=2,
        listed_at=NOON,
        facing_direction="east",
        pooja_direction="north_east",
        furnishing_status="furnished",
        possession_status="ready_to_move",
        floor_number=3,
        total_floors=12,
        age_years=5,
        vastu_score=80,
        light_score=50,
    )
    await connection.execute(insert(PropertyImage).values(**picture(ID)))
    market = {"property_id": ID, "n": 12, "label": "great", "delta_pct": -12.5, "method": "test"}
    await connection.execute(insert(PropertyMarket).values(**market))
    revision = await connection.scalar(select(Property.revision).where(Property.id == ID))
    assert await render_one(connection, ID) == {
        "id": str(ID),
        "revision": revision,
        "bucket": 0x6789_ABCD_89AB % BUCKETS,
        "is_active": True,
        "title": "Garden flat",
        "description": "Faces the park.",
        "society": "Green Court",
        "locality": "Sector 62",
        "sector": "62",
        "location": {"lat": 28.61784, "lon": 77.37168},
        "location_approximate": False,
        "property_type": "apartment",
        "listing_type": "sale",
        "bhk": "2.5",
        "bathrooms": 2,
        "area_sqft": 1_500,
        "area_basis": "super",
        "price": 12_000_000,
        "price_step": "10000000",
        "price_per_sqft": 8_000,
        "facing_direction": "east",
        "entrance_direction": None,
        "kitchen_direction": None,
        "master_bedroom_direction": None,
        "pooja_direction": "north_east",
        "toilet_direction": None,
        "furnishing_status": "furnished",
        "possession_status": "ready_to_move",
        "floor_number": 3,
        "total_floors": 12,
        "age_years": 5,
        "vastu_score": 80,
        "light_score": 50,
        "deal": "great",
        "deal_delta_pct": -12.5,
        "deal_order": -125,
        "image": "/media/a-thumb.webp",
        "listed_at": "2026-03-01T12:00:00Z",
        # vastu 16, light 5, deal 25, image 15, and 2251.5 days of freshness
        "rank": 286_150,
    }


async def test_a_document_has_the_fields_of_the_mapping(connection):
    document = await render_one(connection, await add(connection))
    assert {*document, "deleted_at", "stated"} == MAPPING["properties"].keys()


@pytest.mark.parametrize(("bhk", "text"), [(3, "3"), (2.5, "2.5"), (0.5, "0.5"), (10, "10")])
async def test_bedrooms_are_a_word_as_short_as_can_be(connection, bhk, text):
    assert (await render_one(connection, await add(connection, bhk=bhk)))["bhk"] == text


async def test_a_plot_has_no_bedrooms(connection):
    assert (await render_one(connection, await add(connection, **plot())))["bhk"] is None


@pytest.mark.parametrize("state", ["draft", "inactive", "sold", "expired", "deleted"])
async def test_what_is_not_offered_stays_as_an_inactive_document(connection, state):
    assert (await render_one(connection, await add(connection, state=state)))["is_active"] is False


async def test_a_sector_without_a_centre_gives_no_location(connection):
    document = await render_one(connection, await add(connection, locality="Sector 9"))
    assert document["location"] is None


@pytest.mark.parametrize(
    ("pictures", "shown"),
    [
        ([], None),
        ([{"thumbnail_url": None}], "/media/a.webp"),
        ([{"thumbnail_url": None, "enhanced_url": "/media/better.webp"}], "/media/better.webp"),
        ([{"enhanced_url": "/media/img/b/large.webp"}], "/media/img/b/thumbnail.webp"),
        (
            [
                {"is_primary": False, "display_order": 0, "thumbnail_url": "/media/first.webp"},
                {"is_primary": True, "display_order": 1, "thumbnail_url": "/media/primary.webp"},
            ],
            "/media/primary.webp",
        ),
        (
            [
                {"is_primary": False, "display_order": 2, "thumbnail_url": "/media/second.webp"},
                {"is_primary": False, "display_order": 1, "thumbnail_url": "/media/first.webp"},
            ],
            "/media/first.webp",
        ),
    ],
)
async def test_the_card_shows_the_primary_picture_or_else_the_first(connection, pictures, shown):
    property_id = await add(connection)
    for number, columns in enumerate(pictures):
        row = picture(property_id, content_hash=str(number), **columns)
        await connection.execute(insert(PropertyImage).values(**row))
    assert (await render_one(connection, property_id))["image"] == shown


async def test_rows_that_cannot_be_rendered_do_not_keep_the_others_back(connection):
    good = await add(connection)
    endless = await add(connection, listed_at="infinity")
    ancient = await add(connection, listed_at="0044-03-15 BC")
    pasted = await add(connection, description="x" * MAX_TEXT)
    rendered = await read_documents(connection, [good, endless, ancient, pasted])
    assert [document["id"] for document in rendered.documents] == [str(good)]
    assert {refusal.property_id: refusal.error_type for refusal in rendered.refusals} == {
        str(endless): "OverflowError",
        str(ancient): "ValueError",
        str(pasted): "ValueError",
    }


async def test_python_and_sql_agree_on_buckets(connection):
    for number in (0, 999, 1_000, 0xFFFF_FFFF, 0x1_0000_0000, (1 << 128) - 1, ID.int, 7 << 80):
        await add(connection, id=UUID(int=number))
    rows = (await connection.execute(select(Property.id, BUCKET))).all()
    assert {row[0]: row[1] for row in rows} == {row[0]: bucket(str(row[0])) for row in rows}
    assert all(0 <= row[1] < BUCKETS for row in rows)


@pytest.mark.parametrize(
    "ids",
    [
        [UUID(int=ID.int + (number << 80)) for number in range(10_000)],  # one id per millisecond
        [UUID(int=random.Random(number).getrandbits(128)) for number in range(10_000)],
    ],
)
def test_buckets_are_filled_evenly(ids):
    sizes = Counter(bucket(str(each)) for each in ids)
    assert len(sizes) > BUCKETS * 0.99
    assert max(sizes.values()) < 40


async def test_pages_follow_the_ids_between_their_bounds(connection):
    ids = [await add(connection, id=UUID(int=number)) for number in range(5)]
    first = await read_page(connection, after=None, until=ids[3], limit=2)
    second = await read_page(connection, after=first.last_id, until=ids[3], limit=3)
    assert [document["id"] for document in first.documents] == [str(ids[0]), str(ids[1])]
    assert [document["id"] for document in second.documents] == [str(ids[2]), str(ids[3])]


async def test_a_page_ends_at_its_last_row_even_when_that_was_refused(connection):
    await add(connection, id=UUID(int=1))
    refused = await add(connection, id=UUID(int=2), listed_at="infinity")
    page = await read_page(connection, after=None, until=None, limit=10)
    assert (page.rows, page.last_id) == (2, refused)
    assert RenderedPage([], []).last_id is None


def test_a_tombstone_is_an_inactive_document_of_nothing():
    assert tombstone(ID, 7, NOON) == {
        "id": str(ID),
        "revision": 7,
        "bucket": 0x6789_ABCD_89AB % BUCKETS,
        "is_active": False,
        "deleted_at": "2026-03-01T12:00:00Z",
    }
