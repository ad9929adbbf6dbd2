"""Property pages, which do not depend on the search engine."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, picture, plot, store, store_pictures
from tests.server.conftest import Api


async def test_a_page_shows_the_property_with_pictures_scores_and_market(api: Api, engine: AsyncEngine):
    row = home(
        "Garden flat",
        description="Quiet.",
        bhk=2.5,
        facing_direction="south_east",
        vastu_score=70,
        vastu_coverage=80,
        vastu_source="computed",
        vastu_rules_version=1,
        listed_at="2026-02-01T10:00:00Z",
    )
    [key] = await store(engine, row)
    first = picture(key, display_order=1, content_hash="a" * 64)
    second = picture(key, display_order=0, content_hash="b" * 64, is_primary=False, image_type="floor_plan")
    await store_pictures(engine, first, second)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO property_market "
                "(property_id, level, n, median, delta_pct, label, as_of, method) "
                "VALUES (:key, 'segment', 12, 8000, -6.5, 'good', '2026-02-02T00:00:00Z', 'test')"
            ),
            {"key": key},
        )
    page = (await api.get(f"/api/v1/properties/{key}")).body
    assert (page["id"], page["title"], page["bhk"], page["price_per_sqft"]) == (
        str(key),
        "Garden flat",
        2.5,
        8_000,
    )
    assert page["facing"] == {
        "direction": "south_east",
        "degrees": 135,
        "label": "South-East",
        "sun": "morning",
        "vastu": {
            "rating": "neutral",
            "sentence": "The home faces south-east, about which the sources disagree or say nothing:"
            " north-east, north and east are preferred.",
        },
    }
    assert page["scores"]["light"] == {
        "score": None,
        "coverage": None,
        "partial": True,
        "source": None,
        "set_at": None,
    }
    vastu = page["scores"]["vastu"]
    assert [(told["rule"], told["rating"]) for told in vastu.pop("readings")] == [
        ("entrance", "neutral"),
        ("facing", "neutral"),
    ]
    assert vastu == {
        "score": 70,
        "coverage": 80,
        "partial": False,
        "source": "computed",
        "set_at": None,
        "rules_version": 1,
        "note": "A traditional guideline, never a promise.",
    }
    assert page["market"] == {
        "level": "segment",
        "n": 12,
        "median": 8_000,
        "delta_pct": -6.5,
        "label": "good",
        "reason": None,
        "as_of": "2026-02-02T00:00:00Z",
    }
    assert [image["image_type"] for image in page["images"]] == ["floor_plan", "photo"]
    assert page["listed_at"] == "2026-02-01T10:00:00Z"


async def test_unknown_is_null(api: Api, engine: AsyncEngine):
    [key] = await store(engine, plot())
    page = (await api.get(f"/api/v1/properties/{key}")).body
    assert (page["bhk"], page["facing"], page["market"], page["images"]) == (None, None, None, [])


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("active", 200),
        ("under_offer", 200),
        ("draft", 404),
        ("inactive", 404),
        ("sold", 404),
        ("deleted", 404),
    ],
)
async def test_only_live_properties_have_a_page(api: Api, engine: AsyncEngine, state: str, status: int):
    [key] = await store(engine, home(state=state))
    assert (await api.get(f"/api/v1/properties/{key}")).status == status


async def test_an_unknown_property_is_not_found(api: Api):
    answer = await api.get(f"/api/v1/properties/{uuid4()}")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_a_page_that_did_not_change_need_not_be_sent_again(api: Api, engine: AsyncEngine):
    [key] = await store(engine, home())
    path = f"/api/v1/properties/{key}"
    etag = (await api.get(path)).headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"another", {etag}', "*"):
        again = await api.get(path, headers={"if-none-match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["cache-control"] == "no-cache"
    assert (await api.get(path, headers={"if-none-match": '"another", W/"x"'})).status == 200
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE properties SET price = price + 1"))
    assert (await api.get(path, headers={"if-none-match": etag})).status == 200


async def test_a_page_whose_market_alone_changed_is_sent_again(api: Api, engine: AsyncEngine):
    [key] = await store(engine, home())
    path = f"/api/v1/properties/{key}"
    known = {"if-none-match": (await api.get(path)).headers["etag"]}
    async with engine.begin() as connection:
        statement = (
            "INSERT INTO property_market (property_id, n, reason, method) VALUES (:key, 3, :reason, 'test')"
        )
        await connection.execute(text(statement), {"key": key, "reason": "recalculating"})
        later = await api.get(path, headers=known)
        assert later.status == 304  # not committed yet
    later = await api.get(path, headers=known)
    assert (later.status, later.body["market"]["reason"]) == (200, "recalculating")
