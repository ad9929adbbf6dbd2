"""Suggestions while typing, over HTTP."""

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
            [("sector", "Sector 62", 2), ("sector", "Sector 6", 1), ("sector", "Sector 63", 1)],
        ),
        ("62", [("sector", "Sector 62", 2)]),
        *(
            (around, [("sector", "Sector 62", 2)])
            for around in (
                *("sector 62 noida", "Sector-62, Noida", "noida sector 62", "in sector 62", "सैक्टर 62"),
                *("sector 62 no", "सेक्टर 62 नोएडा में", "3bhk in sector 62 noida", "3 bhk sector 62, Noida"),
            )
        ),
        ("sector 62 greater noida", []),
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


async def test_societies_get_their_share_of_a_short_list(api: Api, catalogue: Catalogue):
    await catalogue.store(
        *(home(locality=f"Sector {number}") for number in (12, 15, 18, 19, 20, 22, 27, 62)),
        *(home(society=f"S{name}", locality="Sector 62") for name in ("unrise Park", "hiv Court")),
    )
    both = await typed(api, "s")
    assert [kind for kind, _, _ in both] == ["sector"] * 6 + ["society"] * 2
    assert [kind for kind, _, _ in await typed(api, "s", limit="3")] == ["sector", "sector", "society"]
    assert [kind for kind, _, _ in await typed(api, "s", limit="1")] == ["sector"]
    await catalogue.store(*(home(society=f"Sun {name}") for name in "ABCDEFGHI"))
    assert [kind for kind, _, _ in await typed(api, "s")] == ["sector"] * 4 + ["society"] * 4
    assert [kind for kind, _, _ in await typed(api, "su")] == ["society"] * 8


async def test_a_society_with_a_long_name_is_suggested_and_can_be_chosen(api: Api, catalogue: Catalogue):
    name = "Quorvexia " + "Residency " * 19
    assert len(name.strip()) == 199
    await catalogue.store(home(society=name.strip()))
    [item] = (await api.get(PATH, q="quorvexia")).body["items"]
    found = await api.post("/api/v1/search/listings", {**item["search"], "facets": ["society"]})
    assert (item["value"], item["count"], found.body["total"]) == (name.strip(), 1, 1)
    [option] = found.body["facets"]["society"]
    assert (option["value"], option["selected"]) == (name.strip(), True)


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
