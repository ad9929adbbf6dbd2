"""Suggestions while somebody types, over HTTP."""

from typing import Any

import pytest

from tests.factories import home
from tests.server.conftest import Api, Catalogue

PATH = "/api/v1/search/suggest"


@pytest.fixture
async def stored(catalogue: Catalogue) -> Catalogue:
    await catalogue.store(
        home(society="Panchsheel Court"),
        home(society="Panchsheel Court"),
        home(society="Lotus Park", locality="Sector 63", sector="63"),
        home(society="Lotus Park", locality="Sector 63", sector="63", listing_type="rent"),
        home(society="Gone Gardens", state="sold"),
        home(society="Tower 10000", locality="Sector 6", sector="6"),
    )
    return catalogue


async def typed(api: Api, q: str, **more: Any) -> list[tuple[str, str, int]]:
    answer = await api.get(PATH, q=q, **more)
    assert answer.status == 200, answer.body
    return [(item["kind"], item["value"], item["count"]) for item in answer.body["items"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (
            "sector 6",
            [("locality", "Sector 62", 2), ("locality", "Sector 6", 1), ("locality", "Sector 63", 1)],
        ),
        ("62", [("locality", "Sector 62", 2)]),
        ("panch", [("society", "Panchsheel Court", 2)]),
        ("pan", [("society", "Panchsheel Court", 2)]),
        ("court", [("society", "Panchsheel Court", 2)]),
        ("panchshil court", [("society", "Panchsheel Court", 2)]),
        ("panchsi", [("society", "Panchsheel Court", 2)]),
        ("penchsheel", [("society", "Panchsheel Court", 2)]),
        ("p c", [("society", "Panchsheel Court", 2)]),
        ("lotusp", [("society", "Lotus Park", 1)]),
        ("lot", [("society", "Lotus Park", 1)]),
        ("lit", []),
        ("पंचशील", [("society", "Panchsheel Court", 2)]),
        ("tower 10000", [("society", "Tower 10000", 1)]),
        ("towar 10000", [("society", "Tower 10000", 1)]),
        ("tower 10001", []),
        ("lotus", [("society", "Lotus Park", 1)]),
        ("gone", []),
        ("sector 999", []),
        ("*", []),
        ("", []),
    ],
)
async def test_what_is_typed_becomes_places_and_societies_with_their_counts(
    api: Api, stored: Catalogue, q: str, expected: list[tuple[str, str, int]]
):
    assert await typed(api, q) == expected


async def test_a_suggestion_is_a_search_that_finds_its_count(api: Api, stored: Catalogue):
    for q in ("lotus", "sector 6"):
        for item in (await api.get(PATH, q=q, listing_type="sale")).body["items"]:
            found = await api.post("/api/v1/search/listings", item["search"])
            assert found.body["total"] == item["count"]


async def test_rents_are_counted_apart(api: Api, stored: Catalogue):
    assert await typed(api, "lotus", listing_type="rent") == [("society", "Lotus Park", 1)]
    assert await typed(api, "panch", listing_type="rent") == []


async def test_as_many_as_asked_for(api: Api, stored: Catalogue):
    assert len(await typed(api, "sector 6", limit="2")) == 2


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({}, {"#/q": "missing"}),
        ({"q": "x" * 201}, {"#/q": "string_too_long"}),
        ({"q": "x", "limit": "21"}, {"#/limit": "less_than_equal"}),
        ({"q": "x", "fuzzy": "1"}, {"#/fuzzy": "extra_forbidden"}),
    ],
)
async def test_wrong_questions_are_named(api: Api, query: dict[str, str], pointers: dict[str, str]):
    answer = await api.get(PATH, **query)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)


async def test_a_society_may_have_as_long_a_name_as_a_property_takes(api: Api, catalogue: Catalogue):
    name = ("Quorvexia Residency Welfare and Apartment Owners Association " * 4)[:200].strip()
    await catalogue.store(home("One", society=name), home("Two", society=name))
    answer = await api.get("/api/v1/search/suggest", q="quorvexia")
    assert (answer.status, [item["label"] for item in answer.body["items"]]) == (200, [name])
    found = await api.post("/api/v1/search/listings", {"society": [name]})
    assert (found.status, found.body["total"]) == (200, 2)
