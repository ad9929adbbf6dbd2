"""A listing compared with its market over HTTP, and the quality of the method."""

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.sectors import LOCALITIES
from tasks.market import compare_prices, measure_quality
from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue


def at(price_per_sqft: int, title: str = "Comparable", **columns: Any) -> Row:
    return home(title, **({"price": price_per_sqft * 1_000, "area_sqft": 1_000} | columns))


async def compared(api: Api, key: Any) -> Any:
    answer = await api.get(f"/api/v1/properties/{key}/market")
    assert answer.status == 200, answer.body
    return answer.body


async def test_a_price_is_shown_among_those_of_its_comparables(api: Api, catalogue: Catalogue):
    others = [9_000, 9_500, 9_800, 10_000, 10_000, 10_200, 10_500, 11_000, 100_000]
    subject, *comparables = await catalogue.store(at(11_500, "Subject"), *map(at, others))
    answer = await compared(api, subject)
    assert sorted(answer.pop("comparables")) == sorted(map(str, comparables))
    assert answer.pop("as_of").endswith("Z")
    assert answer == {
        "property_id": str(subject),
        "basis": "asking prices",
        "area_basis": "super",
        "price": 11_500_000,
        "price_per_sqft": 11_500,
        "level": "same_sector",
        "n": 8,
        "removed": 1,
        "comparable_prices": {
            "p25": 9_725,
            "median": 10_000,
            "p75": 10_275,
            "interval": {"low": 9_000, "high": 11_000},
            "dispersion_pct": 5.5,
        },
        "percentile": 100.0,
        "delta_pct": 15.0,
        "label": "high",
        "reason": None,
        "next_better": {"label": "above", "price": 11_194_499, "difference": -305_501},
        "approximate": False,
        "ladder": [{"level": "same_sector", "n": 8, "removed": 1}],
        "stored": None,
    }


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (7, {"n": 7, "reason": "too_few", "label": None, "delta_pct": None}),
        (4, {"n": 4, "reason": "insufficient_data", "comparable_prices": None}),
    ],
)
async def test_too_few_comparables_give_a_range_or_nothing(
    api: Api, catalogue: Catalogue, others: int, expected: Row
):
    subject, *_ = await catalogue.store(at(9_000), *(at(10_000) for _ in range(others)))
    answer = await compared(api, subject)
    assert {name: answer[name] for name in expected} == expected
    assert [step["level"] for step in answer["ladder"]] == [
        "same_sector", "similar_in_sector", "within_2_km", "neighbouring_sectors", "city",
    ]  # fmt: skip
    if answer["comparable_prices"] is not None:
        assert answer["comparable_prices"]["interval"] is None


async def test_of_very_many_comparables_the_engine_estimates_the_percentiles(api: Api, catalogue: Catalogue):
    prices = [8_000 + 10 * n for n in range(600)]
    subject, *_ = await catalogue.store(at(9_000, "Subject"), *map(at, prices), at(90_000), at(95_000))
    answer = await compared(api, subject)
    assert (answer["approximate"], answer["n"], answer["removed"]) == (True, 600, 2)
    assert len(answer["comparables"]) == 500
    assert answer["label"] == "great"
    assert answer["percentile"] == 16.8
    figures = answer["comparable_prices"]
    for name, exact in (("p25", 9_498), ("median", 10_995), ("p75", 12_492)):
        assert figures[name] == pytest.approx(exact, rel=0.005)


async def test_the_label_on_the_page_is_shown_beside_the_one_of_now(api: Api, catalogue: Catalogue):
    subject, *_ = await catalogue.store(at(9_000), *(at(10_000) for _ in range(8)))
    await compare_prices(catalogue.engine)
    answer = await compared(api, subject)
    page = (await api.get(f"/api/v1/properties/{subject}")).body
    assert answer["stored"] == page["market"]
    assert (answer["label"], page["market"]["label"], page["market"]["delta_pct"]) == ("good", "good", -10.0)


@pytest.mark.parametrize("key", ["01234567-89ab-7cde-8f01-23456789abcd", "no-id", "%00"])
async def test_what_is_not_offered_has_no_market(api: Api, catalogue: Catalogue, key: str):
    await catalogue.store(at(9_000))
    answer = await api.get(f"/api/v1/properties/{key}/market")
    assert answer.status in {400, 404}


async def test_a_draft_has_no_market(api: Api, catalogue: Catalogue):
    [draft] = await catalogue.store(at(9_000, state="draft"))
    assert (await api.get(f"/api/v1/properties/{draft}/market")).status == 404


async def test_the_quality_of_the_method_is_public(api: Api, engine: AsyncEngine, catalogue: Catalogue):
    assert (await api.get("/api/v1/market/quality")).body == {"basis": "asking prices", "items": []}
    await catalogue.store(*(at(10_000) for _ in range(9)), at(10_800))
    await measure_quality(engine)
    [sale, rent] = (await api.get("/api/v1/market/quality")).body["items"]
    assert sale.pop("as_of") == rent.pop("as_of")
    assert sale == {
        "listing_type": "sale",
        "listings": 10,
        "compared": 10,
        "median_error_pct": 0.0,
        "within_5_pct": 90.0,
        "within_10_pct": 100.0,
        "within_20_pct": 100.0,
        "method": "ladder_1",
    }
    assert (rent["listing_type"], rent["compared"], rent["median_error_pct"]) == ("rent", 0, None)


async def test_prices_by_locality_are_those_of_the_last_pass(api: Api, catalogue: Catalogue):
    await catalogue.store(
        *(at(price) for price in (9_000, 9_500, 10_000, 10_500)),
        *(at(20_000, bhk=2) for _ in "12345"),
        *(at(10_000, locality="Sector 78") for _ in "1234"),
        *(at(10_000, locality="Sector 150", area_basis="carpet") for _ in "12345"),
    )
    await compare_prices(catalogue.engine)
    answer = (await api.get("/api/v1/market/segments")).body
    [segment] = answer.pop("items")
    assert answer == {
        "basis": "asking prices",
        "listing_type": "sale",
        "property_type": "apartment",
        "area_basis": "super",
        "bhk": None,
        "fewest": 5,
    }
    assert segment.pop("as_of").endswith("Z")
    assert segment == {
        "locality": "Sector 62",
        "latitude": LOCALITIES["Sector 62"].latitude,
        "longitude": LOCALITIES["Sector 62"].longitude,
        "n": 9,
        "p25": 10_000,
        "median": 20_000,
        "p75": 20_000,
    }
    two_bhk = (await api.get("/api/v1/market/segments", bhk="2")).body["items"]
    assert [(found["n"], found["median"]) for found in two_bhk] == [(5, 20_000)]
    assert (await api.get("/api/v1/market/segments", bhk="3")).body["items"] == []
    carpet = (await api.get("/api/v1/market/segments", area_basis="carpet")).body["items"]
    assert [found["locality"] for found in carpet] == ["Sector 150"]
    assert (await api.get("/api/v1/market/segments", bhk="0.3")).status == 422


def any_home(chance: random.Random) -> Row:
    locality = chance.choice([*["Sector 62"] * 6, "Sector 63", "Sector 64", "Sector 150"])
    fact = LOCALITIES[locality]
    property_type = chance.choice([*["apartment"] * 5, "plot"])
    placed = fact.latitude is not None and chance.random() < 0.8
    return home(
        locality=locality,
        society=chance.choice([None, "Green Court"]),
        property_type=property_type,
        bhk=None if property_type == "plot" else chance.choice([2, 2.5, 3, 3, 3]),
        area_sqft=chance.randint(800, 1_600),
        area_basis=chance.choice(["super", "super", "super", "carpet"]),
        price=chance.randint(7_000_000, 13_000_000),
        latitude=fact.latitude + chance.uniform(-0.02, 0.02) if placed else None,
        longitude=fact.longitude if placed else None,
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_asked_one_by_one_a_frozen_market_says_what_the_pass_over_all_said(
    api: Api, catalogue: Catalogue, seed: int
):
    chance = random.Random(seed)
    keys = await catalogue.store(*(any_home(chance) for _ in range(150)))
    await compare_prices(catalogue.engine)
    stored = await stored_comparisons(catalogue.engine)
    for key in keys:
        answer = await compared(api, key)
        prices = answer["comparable_prices"]
        said = [answer[name] for name in ("level", "n", "delta_pct", "label", "reason")]
        assert (*said, prices and prices["median"]) == stored[str(key)]
    assert len({level for level, *_ in stored.values()}) > 4


async def stored_comparisons(engine: AsyncEngine) -> dict[str, tuple[Any, ...]]:
    question = (
        "SELECT property_id::text, level, n, delta_pct::float, label, reason, median FROM property_market"
    )
    async with engine.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in await connection.execute(text(question))}
