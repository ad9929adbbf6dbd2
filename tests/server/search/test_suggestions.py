"""Alternatives for a search with few results, the same in guided and faceted search."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opensearchpy import AsyncOpenSearch

from schemas.api.search.canonical import ListingSearch, Wishes
from schemas.vocabulary import DealLabel, Direction, Furnishing, Possession, PropertyType, Room
from search.ladders import MOST_STEPS, RELAXATIONS, ladders, within
from search.relaxation import MOST_COUNTED, count, pairs_of
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
        ({"bhk": [2]}, {}, {"bhk": [2, 3]}),
        ({"bhk": [4, "unknown"]}, {}, {"bhk": [3, 4, "unknown"]}),
        ({"property_type": "builder_floor"}, {}, {"property_type": ["apartment", "builder_floor"]}),
        (
            {"property_type": ["villa", "builder_floor"]},
            {"property_type": "independent_house"},
            {"property_type": ["builder_floor", "independent_house", "villa"]},
        ),
        ({"price_per_sqft": {"max": 7_000}}, {}, {"price_per_sqft": {"min": None, "max": 8_400}}),
        ({"floor_number": {"min": 5}}, {}, {"floor_number": {"min": 5, "max": None, "unknown": True}}),
        (
            {"floor_number": {"min": 5, "max": 9}},
            {"floor_number": 11, "total_floors": 20},
            {"floor_number": {"min": 3, "max": 11, "unknown": False}},
        ),
        ({"floor_number": {"min": 9}}, {"floor_number": 2, "total_floors": 20}, {"floor_number": None}),
        ({"age_years": {"max": 5}}, {}, {"age_years": {"max": 5, "unknown": True}}),
        ({"age_years": {"max": 5}}, {"age_years": 9}, {"age_years": {"max": 10, "unknown": False}}),
        ({"age_years": {"max": 5}}, {"age_years": 50}, {"age_years": None}),
        ({"furnishing_status": "furnished"}, {}, {"furnishing_status": ["furnished", "unknown"]}),
        (
            {"furnishing_status": ["furnished", "unknown"]},
            {"furnishing_status": "unfurnished"},
            {"furnishing_status": []},
        ),
        (
            {"possession_status": "ready_to_move"},
            {"possession_status": "under_construction"},
            {"possession_status": []},
        ),
        ({"facing_direction": "north"}, {}, {"facing_direction": ["north", "unknown"]}),
        (
            {"facing_direction": "north"},
            {"facing_direction": "north_west"},
            {"facing_direction": ["north", "north_east", "north_west"]},
        ),
        ({"facing_direction": "north"}, {"facing_direction": "south"}, {"facing_direction": []}),
        ({"bathrooms": 2}, {}, {"bathrooms": [2, "unknown"]}),
        ({"bathrooms": 2}, {"bathrooms": 3}, {"bathrooms": []}),
        ({"vastu_rooms": {"room": "pooja", "directions": "north"}}, {}, {"vastu_rooms": []}),
        (
            {
                "vastu_rooms": [
                    {"room": "pooja", "directions": ["north"]},
                    {"room": "kitchen", "directions": ["south_east"]},
                ]
            },
            {"kitchen_direction": "south_east"},
            {"vastu_rooms": [{"room": "kitchen", "directions": ["south_east"], "avoid": False}]},
        ),
        ({"deal": "great"}, {}, {"deal": []}),
    ],
)
async def test_each_way_to_give_in_stops_at_its_first_step_that_helps(
    api: Api, catalogue: Catalogue, wanted: dict[str, Any], row: Row, change: dict[str, Any]
):
    await catalogue.store(home(**row))
    assert changes(await offered(api, **wanted)) == [change]


@pytest.mark.parametrize(("field", "word"), [("locality", "Sector "), ("sector", "")])
async def test_the_neighbours_come_before_what_lies_further(
    api: Api, catalogue: Catalogue, field: str, word: str
):
    await catalogue.store(home(locality="Sector 63"), home(locality="Sector 58"))
    [found] = await offered(api, **{field: f"{word}62"})
    assert (found["count"], f"{word}63" in found["changes"][0]["to"]) == (1, True)


@pytest.mark.parametrize(
    ("chosen", "to"),
    [("great", ["good", "great"]), (["great", "good"], ["fair", "good", "great"]), ("high", [])],
)
async def test_the_next_label_is_offered_before_all_prices(
    api: Api, catalogue: Catalogue, chosen: Any, to: list[str]
):
    ids = await catalogue.store(home(), home(), home(), home())
    labels = zip(ids, ("good", "fair", "check_price"), strict=False)
    await catalogue.label(*((key, label, 0) for key, label in labels))
    wanted = {"deal": chosen, "price": {"max": 12_000_000}}
    found = changes(await offered(api, **wanted))
    assert {"deal": to} in found


async def test_one_score_is_accepted_unknown_where_one_is_enough(api: Api, catalogue: Catalogue):
    both = {"vastu_score": {"min": 80}, "light_score": {"min": 80}}
    await catalogue.store(home(vastu_score=90))
    assert changes(await offered(api, **both)) == [{"light_score": {"min": 80, "unknown": True}}]
    await catalogue.store(home(light_score=85))
    accepted = {name: score | {"unknown": True} for name, score in both.items()}
    assert changes(await offered(api, **both)) == [{name: score} for name, score in accepted.items()]


async def test_both_scores_are_accepted_unknown_where_one_is_not_enough(api: Api, catalogue: Catalogue):
    await catalogue.store(home())
    both = {"vastu_score": {"min": 80}, "light_score": {"min": 80}}
    assert changes(await offered(api, **both)) == [
        {name: score | {"unknown": True} for name, score in both.items()}
    ]


async def test_a_circle_grows(api: Api, catalogue: Catalogue):
    await catalogue.store(home(latitude=28.6, longitude=77.34))
    circle = {"radius": {"centre": {"latitude": 28.6, "longitude": 77.3}, "metres": 500}}
    [found] = await offered(api, geo=circle)
    assert found["changes"][0]["to"]["radius"]["metres"] == 5_000


async def test_two_changes_are_offered_only_where_no_single_one_helps(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=3, price=109 * LAKH, property_type="villa"))
    both = await offered(api, bhk=[2], price={"max": 100 * LAKH}, property_type="villa")
    assert changes(both) == [{"price": {"min": None, "max": 110 * LAKH}, "bhk": [2, 3]}]
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
        light_score=rng.choice([None, 40, 90]),
        facing_direction=rng.choice([None, *Direction]),
        furnishing_status=rng.choice([None, *Furnishing]),
        bathrooms=rng.choice([None, 1, 2, 3]),
        possession_status=rng.choice([None, *Possession]),
        floor_number=rng.choice([None, 0, 3, 12]),
        total_floors=12,
        age_years=rng.choice([None, 1, 9, 40]),
        kitchen_direction=rng.choice([None, *Direction]),
        pooja_direction=rng.choice([None, *Direction]),
    )


@pytest.fixture(scope="module")
async def market(live: Catalogue) -> Catalogue:
    rng = random.Random(7)
    ids = await live.store(*(random_home(rng) for _ in range(60)))
    await live.label(*((key, rng.choice(list(DealLabel)), rng.randint(-50, 50)) for key in ids[:40]))
    return live


def several(kinds: Iterable[Any]) -> Any:
    return st.lists(st.sampled_from([*kinds, "unknown"]), max_size=2)


def wishes() -> Any:
    """Return a strategy for wishes about rooms: a few directions each, or no wish."""
    some = st.lists(st.sampled_from(list(Direction)), min_size=1, max_size=4)
    rooms = st.sampled_from(["kitchen", "pooja"])
    return st.lists(
        st.fixed_dictionaries({"room": rooms, "directions": some, "avoid": st.booleans()}), max_size=3
    )


CENTRES = st.sampled_from([28.57, 28.6, 28.63]).map(lambda south: {"latitude": south, "longitude": 77.35})
searches = st.fixed_dictionaries(
    {},
    optional={
        "property_type": st.lists(st.sampled_from(list(PropertyType)), max_size=2),
        "bhk": several([1, 2, 3, 5]),
        "bathrooms": several([1, 2, 4]),
        "sector": st.lists(st.sampled_from(["2", "63", "150"]), max_size=2),
        "price_per_sqft": st.fixed_dictionaries({"max": st.integers(1_000, 20_000)}),
        "facing_direction": several(Direction),
        "furnishing_status": several(Furnishing),
        "possession_status": several(Possession),
        "deal": several(DealLabel),
        "floor_number": st.fixed_dictionaries({"min": st.integers(-3, 20), "unknown": st.booleans()}),
        "age_years": st.fixed_dictionaries({"max": st.integers(0, 60), "unknown": st.booleans()}),
        "light_score": st.fixed_dictionaries({"min": st.integers(30, 100), "unknown": st.booleans()}),
        "vastu_rooms": wishes(),
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
        assert all(change["from"] != change["to"] for change in found["changes"])
        relaxed = (await api.post(PATH, {**found["search"], "sort": "price_asc"})).body
        assert relaxed["total"] == found["count"] > first.body["total"]
        assert relaxed["items"][0]["price"] == found["cheapest"]
        for change in found["changes"][len(found["changes"]) == 1 :]:  # of two changes, neither alone helps
            alone = {**first.body["search"], change["field"]: change["to"]}
            assert (await api.post(PATH, alone)).body["total"] == first.body["total"]


@settings(max_examples=60)
@given(wanted=searches)
async def test_the_last_step_of_a_ladder_or_pair_finds_whatever_the_others_find(
    search: AsyncOpenSearch, market: Catalogue, wanted: dict[str, Any]
):
    asked = ListingSearch.model_validate(wanted)
    single = ladders(asked)
    for ladder in [*single, *within(MOST_COUNTED, pairs_of(single))]:
        counted = await count(search, market.alias, asked, [[update] for update in ladder])
        alone = [step for (step,) in counted]
        assert max(step.count for step in alone) == alone[-1].count
        assert await count(search, market.alias, asked, [ladder]) == [alone]


def everywhere() -> ListingSearch:
    """Return a search that chooses in every field."""
    return ListingSearch(
        q="lotus",
        geo={"radius": {"centre": {"latitude": 28.6, "longitude": 77.3}, "metres": 100}},
        price={"min": 10, "max": 20},
        property_type=["apartment", "villa"],
        bhk=[2, 3],
        bathrooms=2,
        locality="Sector 62",
        sector="62",
        society="Lotus Court",
        area_sqft={"min": 500, "max": 600},
        price_per_sqft={"min": 1, "max": 2},
        facing_direction="north",
        furnishing_status="furnished",
        possession_status="ready_to_move",
        age_years={"max": 1},
        floor_number={"min": 4, "max": 5},
        vastu_score={"min": 80},
        light_score={"min": 80},
        vastu_rooms=[{"room": room, "directions": ["north"]} for room in Room],
        deal="great",
    )


def test_every_filter_can_be_relaxed():
    everything = everywhere()
    assert {name for name in Wishes.model_fields if not getattr(everything, name)} == set()
    updates = [update for relaxation in RELAXATIONS for update in relaxation(everything)]
    relaxed = {field for update in updates for field in update}
    assert relaxed == set(Wishes.model_fields) - {"listing_type"}


def test_a_search_that_chooses_in_every_field_has_no_more_ways_out_than_are_counted():
    everything = everywhere()
    steps = [update for ladder in ladders(everything) for update in ladder]
    assert 35 <= len(steps) <= MOST_STEPS
    assert all(everything.model_copy(update=update) != everything for update in steps)
