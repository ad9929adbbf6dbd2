"""Similar listings over HTTP."""

from typing import Any

import pytest

from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue

SUBJECT = home("Subject", bhk=3, price=10_000_000, area_sqft=1_500)


async def alike(api: Api, catalogue: Catalogue, *others: Row) -> list[Any]:
    subject, *_ = await catalogue.store(SUBJECT, *others)
    answer = await api.get(f"/api/v1/properties/{subject}/similar")
    assert answer.status == 200, answer.body
    return answer.body["items"]


def titles(items: list[Any]) -> list[str]:
    return [item["title"] for item in items]


async def test_the_most_similar_come_first_and_say_why(api: Api, catalogue: Catalogue):
    items = await alike(
        api,
        catalogue,
        home("Further", bhk=2, price=13_000_000, area_sqft=1_200, locality="Sector 150"),
        home("Twin", bhk=3, price=9_400_000, area_sqft=1_500),
    )
    assert [(item["title"], item["why"]) for item in items] == [
        ("Twin", ["same sector", "6 % cheaper", "same BHK", "same size"]),
        ("Further", ["24.4 km away", "30 % more expensive", "20 % smaller"]),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"listing_type": "rent"},
        {"property_type": "villa"},
        {"state": "sold"},
        {"price": 30_000_000},
        {"area_sqft": 5_000},
    ],
)
async def test_what_cannot_be_meant_is_never_similar(api: Api, catalogue: Catalogue, other: Row):
    assert await alike(api, catalogue, SUBJECT | other) == []


async def test_at_most_two_of_one_society(api: Api, catalogue: Catalogue):
    items = await alike(
        api,
        catalogue,
        *(SUBJECT | {"title": f"Tower {n}", "society": "Lotus Court"} for n in range(4)),
        SUBJECT | {"title": "Elsewhere", "bhk": 2},
        SUBJECT | {"title": "Nowhere", "bhk": 2},
    )
    assert sorted(title.split()[0] for title in titles(items)) == ["Elsewhere", "Nowhere", "Tower", "Tower"]


async def test_a_home_whose_place_nobody_knows_has_its_like_too(api: Api, catalogue: Catalogue):
    nowhere = {"latitude": None, "longitude": None}
    subject, _ = await catalogue.store(
        SUBJECT | nowhere, SUBJECT | nowhere | {"locality": "Sector 9", "sector": "9"}
    )
    answer = await api.get(f"/api/v1/properties/{subject}/similar")
    assert answer.body["items"][0]["why"][0] == "in Sector 9"


@pytest.mark.parametrize("property_id", ["019b76da-b0c9-7017-9695-9a03e802027d", "x", "%00", "..%2f"])
async def test_what_is_not_offered_has_no_like(api: Api, catalogue: Catalogue, property_id: str):
    assert (await api.get(f"/api/v1/properties/{property_id}/similar")).status == 404


async def test_a_withdrawn_listing_has_no_like(api: Api, catalogue: Catalogue):
    [sold] = await catalogue.store(home(state="sold"))
    assert (await api.get(f"/api/v1/properties/{sold}/similar")).status == 404
