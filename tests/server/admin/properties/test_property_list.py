"""The paginated table of properties for admins: filters, text, sort order, pages."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.admin.properties import PropertyList
from schemas.tables import Property
from tests.conftest import empty
from tests.factories import home, picture, plot, store, store_pictures, store_user
from tests.server.conftest import Api

PROPERTIES = "/api/v1/admin/properties"
OTHER = UUID(int=7)
DAYS = [f"2026-02-{day:02}T10:00:00Z" for day in range(1, 8)]

ROWS = [
    home("Garden flat", external_ref="CB-1", price=9_000_000, area_sqft=900, view_count=5, inquiry_count=1),
    home("Tower 100% flat", bhk=2, state="under_offer", price=14_000_000, area_sqft=1_400, view_count=9),
    home(
        "Park_villa", property_type="villa", bhk=4, locality="Sector 93A", price=40_000_000, area_sqft=3_000
    ),
    plot("Corner plot", state="draft", price=20_000_000, area_sqft=2_000, society="Green Garden"),
    home("Rented home", listing_type="rent", bhk=2.5, price=40_000, area_sqft=1_000, inquiry_count=3),
    home("Old home", state="deleted", price=8_000_000, area_sqft=800, created_by=OTHER),
]


@pytest.fixture(scope="module")
async def admin(api: Api, worker_engine: AsyncEngine, settings: Any) -> Any:
    """An admin and six properties, stored once for all tests of this file, because they only read."""
    user = await store_user(worker_engine)
    await store_user(worker_engine, id=OTHER, email="ravi@casabricks.example")
    days = zip(ROWS, DAYS, reversed(DAYS), strict=False)
    keys = await store(
        worker_engine, *(row | {"created_at": first, "updated_at": last} for row, first, last in days)
    )
    await store_pictures(
        worker_engine,
        picture(keys[0]),
        picture(keys[0], is_primary=False, content_hash="1" * 64),
        picture(keys[2], is_primary=False),
    )
    async with worker_engine.begin() as connection:  # the pictures changed two of them
        for key, last in zip(keys, reversed(DAYS), strict=False):
            await connection.execute(update(Property).where(Property.id == key).values(updated_at=last))
    yield api.signed_in(user, settings)
    await empty(worker_engine)


async def titles(admin: Api, **wanted: Any) -> list[str]:
    answer = await admin.get(PROPERTIES, **wanted)
    assert answer.status == 200, answer.body
    found = [row["title"] for row in answer.body["items"]]
    assert answer.body["total"] == len(found)
    return found


async def test_a_row_shows_what_a_table_needs(admin: Api):
    page = (await admin.get(PROPERTIES, external_ref="CB-1")).body
    [row] = page.pop("items")
    assert page == {"total": 1, "page": 1, "page_size": 20, "next_cursor": None}
    assert UUID(row.pop("id"))
    assert row == {
        "external_ref": "CB-1", "title": "Garden flat", "locality": "Sector 62",
        "property_type": "apartment", "listing_type": "sale", "bhk": 3, "area_sqft": 900, "price": 9_000_000,
        "state": "active", "version": 1, "images": 2, "enhanced_images": 0,
        "thumbnail_url": "/media/a-thumb.webp",
        "view_count": 5, "inquiry_count": 1, "updated_at": "2026-02-07T10:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"state": ["draft", "deleted"]}, {"Corner plot", "Old home"}),
        ({"listing_type": "rent"}, {"Rented home"}),
        ({"property_type": ["villa", "plot"]}, {"Park_villa", "Corner plot"}),
        ({"locality": "Sector 93A"}, {"Park_villa"}),
        ({"bhk": ["2", "2.5"]}, {"Tower 100% flat", "Rented home"}),
        ({"price_min": 14_000_000, "price_max": 20_000_000}, {"Tower 100% flat", "Corner plot"}),
        ({"area_min": 2_000}, {"Park_villa", "Corner plot"}),
        ({"area_max": 800}, {"Old home"}),
        ({"external_ref": "CB-1"}, {"Garden flat"}),
        ({"external_ref": "cb-1"}, set()),
        ({"has_images": "true"}, {"Garden flat", "Park_villa"}),
        ({"has_images": "false", "state": "draft"}, {"Corner plot"}),
        ({"created_by": str(OTHER)}, {"Old home"}),
        ({"created_by": str(uuid4())}, set()),
        ({"updated_since": "2026-02-06T10:00:00Z"}, {"Garden flat", "Tower 100% flat"}),
        ({"q": "GARDEN"}, {"Garden flat", "Corner plot"}),
        ({"q": "cb-1"}, {"Garden flat"}),
        ({"q": "flat tow"}, {"Tower 100% flat"}),
        ({"q": "arden"}, set()),
        ({"q": "100%"}, {"Tower 100% flat"}),
        ({"q": "villa"}, {"Park_villa"}),
        ({"q": "' | flat:*"}, {"Garden flat", "Tower 100% flat"}),
        ({"q": "%"}, set()),
        ({"q": "\\"}, set()),
        ({"q": "flat", "state": "active"}, {"Garden flat"}),
    ],
)
async def test_filters_narrow_the_list(admin: Api, wanted: dict[str, Any], expected: set[str]):
    query = [
        (name, each)
        for name, value in wanted.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    answer = await admin.ask("GET", PROPERTIES, params=query)
    assert answer.status == 200, answer.body
    assert {row["title"] for row in answer.body["items"]} == expected
    assert answer.body["total"] == len(expected)


BY_DAY = [row["title"] for row in ROWS]
ORDERS = {
    "oldest": BY_DAY,
    "updated_desc": BY_DAY,
    "price_asc": ["Rented home", "Old home", "Garden flat", "Tower 100% flat", "Corner plot", "Park_villa"],
    "area_asc": ["Old home", "Garden flat", "Rented home", "Tower 100% flat", "Corner plot", "Park_villa"],
}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        *ORDERS.items(),
        ("newest", BY_DAY[::-1]),
        ("updated_asc", BY_DAY[::-1]),
        ("price_desc", ORDERS["price_asc"][::-1]),
        ("area_desc", ORDERS["area_asc"][::-1]),
    ],
)
async def test_the_list_has_an_order(admin: Api, sort: str, expected: list[str]):
    assert await titles(admin, sort=sort) == expected


@pytest.mark.parametrize(
    ("sort", "first"),
    [("views_desc", "Tower 100% flat"), ("inquiries_desc", "Rented home")],
)
async def test_counters_sort_both_ways(admin: Api, sort: str, first: str):
    found = await titles(admin, sort=sort)
    assert found[0] == first
    assert (await titles(admin, sort=sort.replace("desc", "asc"))) == found[::-1]


@pytest.mark.parametrize("sort", ["newest", "views_desc", "inquiries_asc"])
@pytest.mark.parametrize(("size", "lengths"), [(1, [1] * 6 + [0]), (2, [2, 2, 2, 0]), (4, [4, 2, 0, 0])])
async def test_pages_neither_repeat_nor_skip(admin: Api, sort: str, size: int, lengths: list[int]):
    numbers = range(1, len(lengths) + 1)
    pages = [(await admin.get(PROPERTIES, sort=sort, page_size=size, page=page)).body for page in numbers]
    assert [page["total"] for page in pages] == [6] * len(lengths)
    assert [len(page["items"]) for page in pages] == lengths
    assert [row["title"] for page in pages for row in page["items"]] == await titles(admin, sort=sort)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0&page_size=101", {"#/page": "greater_than_equal", "#/page_size": "less_than_equal"}),
        ("page=1000001", {"#/page": "less_than_equal"}),
        ("price_min=9&price_max=3", {"#/price_max": "reversed_range"}),
        ("price_min=1e400", {"#/price_min": "int_parsing"}),
        ("sort=random&state=gone", {"#/sort": "enum", "#/state/0": "enum"}),
        ("locality=Sector+999", {"#/locality/0": "unknown_locality"}),
        ("created_by=me", {"#/created_by": "uuid_parsing"}),
        ("updated_since=2026-02-06", {"#/updated_since": "timezone_aware"}),
        ("page=1&page=2", {"#/page": "repeated"}),
        ("limit=5", {"#/limit": "extra_forbidden"}),
        ("q=a%00", {"#/q": "nul"}),
        ("q=" + "x" * 201, {"#/q": "string_too_long"}),
        ("has_images=maybe", {"#/has_images": "bool_parsing"}),
    ],
)
async def test_a_wrong_wish_is_refused(admin: Api, query: str, expected: dict[str, str]):
    answer = await admin.get(f"{PROPERTIES}?{query}")
    assert (answer.status, answer.wrong_fields()) == (422, expected)


@settings(max_examples=100)
@given(
    name=st.sampled_from(sorted(PropertyList.model_fields)),
    value=st.text(max_size=20) | st.integers().map(str),
)
async def test_no_query_ends_in_a_server_error(admin: Api, name: str, value: str):
    answer = await admin.get(PROPERTIES, **{name: value.encode("utf-8", "replace").decode()})
    assert answer.status in {200, 400, 422}
