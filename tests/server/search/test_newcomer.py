"""A new visitor goes from guided search to filters: every count matches its results."""

import random
from typing import Any

import pytest

from tests.factories import home, plot
from tests.server.conftest import Api, Catalogue

LAKH = 100_000
LISTINGS = "/api/v1/search/listings"


@pytest.fixture
async def town(catalogue: Catalogue) -> Catalogue:
    rng = random.Random(11)
    flats = [
        home(
            property_type=rng.choice(["apartment", "apartment", "villa"]),
            bhk=rng.choice([1, 2, 3, 4]),
            locality=rng.choice(["Sector 50", "Sector 62", "Sector 78", "Sector 137"]),
            price=rng.randint(40, 250) * LAKH,
            facing_direction=rng.choice([None, "east", "north"]),
        )
        for _ in range(120)
    ]
    await catalogue.store(*flats, *(plot(price=rng.randint(40, 250) * LAKH) for _ in range(10)))
    return catalogue


def fullest(options: list[dict[str, Any]]) -> dict[str, Any]:
    return max(options, key=lambda option: option["count"])


async def test_the_counts_of_guided_search_are_those_of_faceted_search(api: Api, town: Catalogue):
    guided = (await api.get("/api/v1/search/guided")).body
    answers: dict[str, Any] = {}
    asked = []
    while (question := guided["question"]) is not None:
        choice = fullest(question["options"])
        answers[question["id"]] = choice["value"]
        asked.append(question["id"])
        guided = await api.guided(answers=answers)
        assert guided["total"] == choice["count"] > 0
        faceted = (await api.post(LISTINGS, guided["search"])).body
        assert (faceted["total"], faceted["search"]) == (guided["total"], guided["search"])
        assert [item["id"] for item in faceted["items"]] == [item["id"] for item in guided["items"]]
    assert asked[:2] == ["budget", "property_type"]

    for answered in guided["answered"]:
        if answered["id"] in faceted["facets"]:
            stated = [o for o in faceted["facets"][answered["id"]] if o["value"] != "unknown"]
            options = [
                {name: o[name] for name in ("value", "label", "count", "selected")}
                for o in answered["options"]
            ]
            assert stated == options

    east = next(o for o in faceted["facets"]["facing_direction"] if o["value"] == "east")
    narrowed = (await api.post(LISTINGS, {**faceted["search"], "facing_direction": ["east"]})).body
    assert narrowed["total"] == east["count"]
    assert {item["facing_direction"] for item in narrowed["items"]} <= {"east"}
