"""When little is found: what a visitor is offered instead, in guided and faceted search alike."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import PropertyType
from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue

LAKH = 100_000
PATH = "/api/v1/search/listings"


async def offered(api: Api, **wanted: Any) -> list[Any]:
    answer = await api.post(PATH, {**wanted, "facets": [], "histogram": False})
    assert answer.status == 200, answer.body
    return answer.body["suggestions"]


def changes(suggestions: list[Any]) -> list[dict[str, Any]]:
    return [{change["field"]: change["to"] for change in found["changes"]} for found in suggestions]


async def test_nothing_is_suggested_when_enough_is_found(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home() for _ in range(3)), home(bhk=4))
    assert await offered(api, bhk=3) == []
    assert await offered(api, bhk=4) != []


async def test_who_only_turns_the_page_can_do_without(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=4))
    assert await offered(api, bhk=3, suggest=False) == []
    assert (await api.guided(bhk=3, suggest=False))["suggestions"] == []


async def test_a_suggestion_says_what_changes_and_what_it_finds(api: Api, catalogue: Catalogue):
    await catalogue.store(home(price=104 * LAKH), home(price=103 * LAKH), home(price=300 * LAKH))
    assert await offered(api, price={"max": 100 * LAKH}) == [
        {
            "changes": [
                {
                    "field": "price",
                    "from": {"min": None, "max": 100 * LAKH},
                    "to": {"min": None, "max": 105 * LAKH},
                }
            ],
            "count": 2,
            "cheapest": 103 * LAKH,
            "search": {"listing_type": "sale", "price": {"max": 105 * LAKH}},
        }
    ]


@pytest.mark.parametrize(
    ("wanted", "row", "change"),
    [
        ({"q": "palace"}, {}, {"q": ""}),
        ({"vastu_score": {"min": 80}}, {}, {"vastu_score": {"min": 80, "unknown": True}}),
        ({"vastu_score": {"min": 80}}, {"vastu_score": 75}, {"vastu_score": {"min": 70, "unknown": False}}),
        ({"light_score": {"min": 80}}, {"light_score": 75}, {"light_score": {"min": 70, "unknown": False}}),
        ({"society": "Lotus Court"}, {}, {"society": []}),
        ({"price": {"max": 10_500_000}}, {}, {"price": {"min": None, "max": 12_075_000}}),
        ({"price": {"min": 12_500_000}}, {}, {"price": {"min": 11_875_000, "max": None}}),
        ({"area_sqft": {"min": 1_800}}, {}, {"area_sqft": {"min": 1_440, "max": None}}),
        ({"bhk": [2]}, {}, {"bhk": [1, 2, 3]}),
        ({"property_type": "builder_floor"}, {}, {"property_type": ["apartment", "builder_floor"]}),
        (
            {"property_type": "villa"},
            {"property_type": "independent_house"},
            {"property_type": ["independent_house", "villa"]},
        ),
    ],
)
async def test_each_way_to_give_in_stops_at_its_first_step_that_helps(
    api: Api, catalogue: Catalogue, wanted: dict[str, Any], row: Row, change: dict[str, Any]
):
    await catalogue.store(home(**row))
    assert changes(await offered(api, **wanted)) == [change]


async def test_the_neighbours_come_before_what_lies_further(api: Api, catalogue: Catalogue):
    await catalogue.store(home(locality="Sector 63"), home(locality="Sector 58"))
    [found] = await offered(api, locality="Sector 62")
    assert (found["count"], "Sector 63" in found["changes"][0]["to"]) == (1, True)


async def test_a_circle_grows(api: Api, catalogue: Catalogue):
    await catalogue.store(home(latitude=28.6, longitude=77.34))
    circle = {"radius": {"centre": {"latitude": 28.6, "longitude": 77.3}, "metres": 500}}
    [found] = await offered(api, geo=circle)
    assert found["changes"][0]["to"]["radius"]["metres"] == 5_000


async def test_two_changes_are_offered_only_where_no_single_one_helps(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=3, price=109 * LAKH, property_type="villa"))
    both = await offered(api, bhk=[2], price={"max": 100 * LAKH}, property_type="villa")
    assert changes(both) == [{"price": {"min": None, "max": 110 * LAKH}, "bhk": [1, 2, 3]}]
    await catalogue.store(home(bhk=2, price=104 * LAKH, property_type="villa"))
    one = await offered(api, bhk=[2], price={"max": 100 * LAKH}, property_type="villa")
    assert changes(one) == [{"price": {"min": None, "max": 105 * LAKH}}]


async def test_the_kind_of_offer_is_never_given_up(api: Api, catalogue: Catalogue):
    await catalogue.store(home(listing_type="rent", price=30_000), home(state="inactive"))
    assert await offered(api, bhk=[3], price={"max": 29_000}) == []


async def test_guided_search_suggests_the_same(api: Api, catalogue: Catalogue):
    await catalogue.store(home(price=104 * LAKH))
    guided = await api.guided(answers={"budget": {"max": 100 * LAKH}})
    assert guided["suggestions"] == await offered(api, price={"max": 100 * LAKH})


LOCALITIES = ["Sector 1", "Sector 2", "Sector 62", "Sector 63", "Sector 150"]


def random_home(rng: random.Random) -> Row:
    return home(
        property_type=rng.choice(["apartment", "builder_floor", "villa"]),
        bhk=rng.choice([1, 2, 3, 4]),
        locality=rng.choice(LOCALITIES),
        price=rng.randint(40, 200) * LAKH,
        area_sqft=rng.randint(500, 3_000),
        vastu_score=rng.choice([None, 40, 70, 90]),
    )


@pytest.fixture(scope="module")
async def market(live: Catalogue) -> Catalogue:
    rng = random.Random(7)
    await live.store(*(random_home(rng) for _ in range(60)))
    return live


CENTRES = st.sampled_from([28.57, 28.6, 28.63]).map(lambda south: {"latitude": south, "longitude": 77.35})
searches = st.fixed_dictionaries(
    {},
    optional={
        "property_type": st.lists(st.sampled_from(list(PropertyType)), max_size=2),
        "bhk": st.lists(st.sampled_from([1, 2, 3, 5]), max_size=2),
        "locality": st.lists(st.sampled_from(LOCALITIES), max_size=2),
        "price": st.fixed_dictionaries({"max": st.integers(30, 150).map(lambda lakh: lakh * LAKH)}),
        "area_sqft": st.fixed_dictionaries({"min": st.integers(500, 3_000)}),
        "vastu_score": st.fixed_dictionaries({"min": st.integers(30, 100)}),
        "q": st.sampled_from(["garden", "lotus flat", "कोठी"]),
        "geo": st.fixed_dictionaries({"centre": CENTRES, "metres": st.integers(100, 4_000)}).map(
            lambda circle: {"radius": circle}
        ),
    },
)


@settings(max_examples=60)
@given(wanted=searches)
async def test_every_count_is_what_the_suggested_search_finds(
    api: Api, market: Catalogue, wanted: dict[str, Any]
):
    first = await api.post(PATH, wanted)
    again = await api.post(PATH, wanted)
    assert first.body["suggestions"] == again.body["suggestions"]
    assert len(first.body["suggestions"]) <= 4
    for found in first.body["suggestions"]:
        relaxed = (await api.post(PATH, {**found["search"], "sort": "price_asc"})).body
        assert relaxed["total"] == found["count"] > first.body["total"]
        assert relaxed["items"][0]["price"] == found["cheapest"]
