"""Faceted search over HTTP, as visitors use it."""

import random
from itertools import chain, islice, product
from typing import Any

import pytest

from schemas.vocabulary import DealLabel
from tests.factories import home, plot
from tests.server.conftest import Answer, Api, Catalogue

LAKH = 100_000
PATH = "/api/v1/search/listings"


async def find(api: Api, **wanted: Any) -> Any:
    answer = await api.post(PATH, wanted)
    assert answer.status == 200, answer.body
    return answer.body


def titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer["items"]]


def counts(answer: Any, facet: str) -> dict[Any, int]:
    return {option["value"]: option["count"] for option in answer["facets"][facet] if option["count"]}


HOMES = [
    home(
        "Garden flat",
        bhk=2,
        bathrooms=2,
        price=60 * LAKH,
        area_sqft=1_000,
        society="Lotus Court",
        age_years=5,
    ),
    home(
        "Tower flat",
        bhk=3,
        bathrooms=3,
        price=90 * LAKH,
        area_sqft=1_500,
        facing_direction="east",
        furnishing_status="furnished",
        floor_number=12,
        total_floors=20,
        vastu_score=82,
        pooja_direction="north_east",
        entrance_direction="east",
    ),
    home(
        "Park villa",
        property_type="villa",
        bhk=4,
        price=300 * LAKH,
        locality="Sector 150",
        possession_status="ready_to_move",
        vastu_score=55,
        entrance_direction="south_west",
        light_score=90,
    ),
    plot("Corner plot", price=150 * LAKH, locality="Sector 150", area_sqft=2_000),
]


@pytest.fixture
async def stored(catalogue: Catalogue) -> Catalogue:
    await catalogue.store(*HOMES)
    return catalogue


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, {"Garden flat", "Tower flat", "Park villa", "Corner plot"}),
        ({"property_type": "villa"}, {"Park villa"}),
        ({"bhk": [2, "unknown"]}, {"Garden flat", "Corner plot"}),
        ({"bhk": "unknown"}, {"Corner plot"}),
        ({"bathrooms": 2}, {"Garden flat"}),
        ({"bathrooms": [2, "unknown"]}, {"Garden flat", "Park villa", "Corner plot"}),
        ({"locality": "Sector 62", "bhk": 3}, {"Tower flat"}),
        ({"sector": "150"}, {"Park villa", "Corner plot"}),
        ({"society": "Lotus Court"}, {"Garden flat"}),
        ({"price": {"min": 6_000_001, "max": 15_000_000}}, {"Tower flat", "Corner plot"}),
        ({"area_sqft": {"max": 1_000}}, {"Garden flat"}),
        ({"price_per_sqft": {"min": 6_001}}, {"Park villa", "Corner plot"}),
        ({"facing_direction": ["east"]}, {"Tower flat"}),
        ({"furnishing_status": "unknown"}, {"Garden flat", "Park villa", "Corner plot"}),
        ({"possession_status": "ready_to_move"}, {"Park villa"}),
        ({"age_years": {"max": 5}}, {"Garden flat"}),
        ({"age_years": {"max": 4, "unknown": True}}, {"Tower flat", "Park villa", "Corner plot"}),
        ({"floor_number": {"min": 10}}, {"Tower flat"}),
        ({"floor_number": {}}, {"Garden flat", "Tower flat", "Park villa", "Corner plot"}),
        ({"vastu_score": {"min": 80}}, {"Tower flat"}),
        ({"vastu_score": {"min": 80, "unknown": True}}, {"Tower flat", "Garden flat", "Corner plot"}),
        ({"light_score": {"min": 90}}, {"Park villa"}),
        ({"vastu_rooms": [{"room": "pooja", "directions": ["north_east"]}]}, {"Tower flat"}),
        (
            {"vastu_rooms": [{"room": "entrance", "directions": "south_west", "avoid": True}]},
            {"Garden flat", "Tower flat", "Corner plot"},
        ),
        ({"deal": "great"}, set()),
        ({"q": "flat"}, {"Garden flat", "Tower flat"}),
        ({"q": "lotus garden"}, {"Garden flat"}),
        ({"q": "*:* OR /.*/"}, set()),
    ],
)
async def test_each_filter_finds_what_it_says(
    api: Api, stored: Catalogue, wanted: dict[str, Any], expected: set[str]
):
    answer = await find(api, **wanted)
    assert (set(titles(answer)), answer["total"]) == (expected, len(expected))


async def test_an_answer_says_what_every_choice_would_leave(api: Api, stored: Catalogue):
    answer = await find(api, locality="Sector 150", facets=["locality", "bhk", "facing_direction"])
    assert counts(answer, "locality") == {"Sector 62": 2, "Sector 150": 2}
    assert counts(answer, "bhk") == {4: 1, "unknown": 1}
    assert counts(answer, "facing_direction") == {"unknown": 2}
    assert [option["value"] for option in answer["facets"]["facing_direction"]][:2] == ["north", "north_east"]
    assert answer["other_counts"] == {"locality": 0}


async def test_an_open_facet_lists_its_commonest_values_by_number_and_name_and_every_chosen_one(
    api: Api, catalogue: Catalogue
):
    towers = [f"Tower {number:02}" for number in range(25)]
    await catalogue.store(*(home(society=tower) for tower in [*towers, *towers[3:6]]), home(society=None))
    answer = await find(api, facets=["society"], society=["Tower 23", "Nowhere"])
    options = answer["facets"]["society"]
    assert [(option["value"], option["count"], option["selected"]) for option in options] == [
        *((tower, 2, False) for tower in towers[3:6]),
        *((tower, 1, False) for tower in [*towers[:3], *towers[6:20]]),
        ("Nowhere", 0, True),
        ("Tower 23", 1, True),
    ]
    assert (answer["total"], answer["other_counts"]) == (1, {"society": 5})


async def test_the_histogram_ignores_the_price_that_was_chosen(api: Api, stored: Catalogue):
    answer = await find(api, price={"max": 70 * LAKH}, facets=[])
    histogram = answer["price_histogram"]
    assert (answer["total"], histogram["min"], histogram["max"]) == (1, 60 * LAKH, 300 * LAKH)
    assert [(bar["from"], bar["to"], bar["count"]) for bar in histogram["bars"] if bar["count"]] == [
        (60 * LAKH, 75 * LAKH, 1),
        (90 * LAKH, 100 * LAKH, 1),
        (150 * LAKH, 175 * LAKH, 1),
        (300 * LAKH, 400 * LAKH, 1),
    ]
    assert [histogram["bars"][0]["from"], histogram["bars"][-1]["to"]] == [None, None]


async def test_nothing_is_counted_that_was_not_asked_for(api: Api, stored: Catalogue):
    answer = await find(api, facets=[], histogram=False, page_size=1)
    assert (answer["facets"], answer["price_histogram"], answer["total"], len(answer["items"])) == (
        {},
        None,
        4,
        1,
    )


async def test_guided_search_goes_on_in_faceted_search_with_the_same_counts(api: Api, stored: Catalogue):
    guided = await api.guided(answers={"budget": {"max": 200 * LAKH}, "bhk": [2, 3]})
    faceted = await find(api, **guided["search"])
    assert faceted["total"] == guided["total"]
    [question] = [answered for answered in guided["answered"] if answered["id"] == "bhk"]
    known = [option for option in faceted["facets"]["bhk"] if option["value"] != "unknown"]
    assert known == [{name: option[name] for name in known[0]} for option in question["options"]]


WHERE = {"latitude": 28.6, "longitude": 77.3}
BOX = {"south": 28.59, "west": 77.29, "north": 28.61, "east": 77.31}


@pytest.mark.parametrize(
    ("geo", "expected"),
    [
        ({"radius": {"centre": WHERE, "metres": 500}}, {"near"}),
        ({"radius": {"centre": WHERE, "metres": 5_000}}, {"near", "far"}),
        ({"box": BOX}, {"near"}),
        (
            {
                "polygon": [
                    {"latitude": 28.61, "longitude": 77.29},
                    {"latitude": 28.61, "longitude": 77.32},
                    {"latitude": 28.59, "longitude": 77.3},
                ]
            },
            {"near"},
        ),
        ({"box": {"south": -10, "west": 0, "north": -5, "east": 5}}, set()),
    ],
)
async def test_a_place_on_the_map_narrows_the_search(
    api: Api, catalogue: Catalogue, geo: dict[str, Any], expected: set[str]
):
    await catalogue.store(
        home("near", latitude=28.6, longitude=77.301), home("far", latitude=28.63, longitude=77.32)
    )
    assert set(titles(await find(api, geo=geo))) == expected


async def test_results_come_by_distance_from_the_centre(api: Api, catalogue: Catalogue):
    await catalogue.store(
        home("far", latitude=28.63, longitude=77.32), home("near", latitude=28.6, longitude=77.301)
    )
    nearest = await find(api, geo={"radius": {"centre": WHERE, "metres": 9_000}}, sort="distance")
    assert titles(nearest) == ["near", "far"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price_asc", ["Garden flat", "Tower flat", "Corner plot", "Park villa"]),
        ("price_desc", ["Park villa", "Corner plot", "Tower flat", "Garden flat"]),
        ("vastu_desc", ["Tower flat", "Park villa", "Garden flat", "Corner plot"]),
        ("light_desc", ["Park villa", "Garden flat", "Tower flat", "Corner plot"]),
    ],
)
async def test_sorts_put_what_is_unknown_last(api: Api, stored: Catalogue, sort: str, expected: list[str]):
    assert titles(await find(api, sort=sort)) == expected


async def walk(api: Api, **wanted: Any) -> list[list[str]]:
    """Return the titles of every page, following the cursors."""
    pages: list[list[str]] = []
    cursor = None
    while True:
        answer = await find(api, **wanted, **({} if cursor is None else {"cursor": cursor}))
        pages.append(titles(answer))
        assert answer["page"] == len(pages)
        cursor = answer["next_cursor"]
        if cursor is None:
            return pages


async def test_a_rank_is_explained_by_its_parts_and_by_the_words(api: Api, stored: Catalogue):
    [plain] = (await find(api, bhk=3, explain=True))["items"]
    [found] = (await find(api, q="tower sector 62", explain=True, understand=False))["items"]
    parts = {"vastu", "light", "deal", "image", "freshness"}
    assert plain["rank"].keys() == parts | {"total"}
    assert plain["rank"]["total"] == pytest.approx(sum(plain["rank"][part] for part in parts), abs=0.002)
    assert found["rank"] == plain["rank"] | {"words": 4 + 3 + 3}
    assert "rank" not in (await find(api, bhk=3))["items"][0]


@pytest.mark.parametrize("sort", ["relevance", "newest", "price_desc", "vastu_desc", "deal"])
async def test_a_walk_by_cursor_sees_every_listing_once(api: Api, catalogue: Catalogue, sort: str):
    await catalogue.store(
        *(home(str(n), price=n % 3 * LAKH + LAKH, vastu_score=(50, None)[n % 2]) for n in range(11))
    )
    pages = await walk(api, sort=sort, page_size=4)
    assert [len(page) for page in pages] == [4, 4, 3]
    assert sorted(chain(*pages), key=int) == [str(n) for n in range(11)]


@pytest.mark.parametrize(
    ("page_size", "pages"), [(1, [1] * 6), (2, [2, 2, 2]), (3, [3, 3]), (4, [4, 2]), (6, [6]), (7, [6])]
)
async def test_no_cursor_leads_to_an_empty_page(
    api: Api, catalogue: Catalogue, page_size: int, pages: list[int]
):
    await catalogue.store(*(home() for _ in range(6)))
    assert [len(page) for page in await walk(api, page_size=page_size)] == pages
    assert (await find(api, page_size=page_size, page=len(pages)))["next_cursor"] is None
    assert (await find(api, page_size=page_size, page=len(pages) + 1))["next_cursor"] is None


async def test_a_walk_with_words_sees_every_listing_once(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home(f"Flat {n}", description="quiet " * (n % 4)) for n in range(9)))
    pages = await walk(api, q="flat", page_size=2)
    assert sorted(chain(*pages)) == [f"Flat {n}" for n in range(9)]


DEALS = [
    *((label, delta) for label in DealLabel for delta in (-90.5, -36, -20, -0.1, 0, 7.5, 400)),
    *(("check_price", delta) for delta in (-99.9, -35.1)),
    *[(None, None)] * 3,
]
"""Every label with differences inside and outside its range, and homes without a label."""


async def test_the_best_deals_come_first_and_those_to_be_checked_behind_all_that_are_known(
    api: Api, catalogue: Catalogue
):
    ids = await catalogue.store(*(home(str(n)) for n in range(len(DEALS))))
    labelled = [(key, *deal) for key, deal in zip(ids, DEALS, strict=True) if deal[0]]
    random.Random(3).shuffle(labelled)
    await catalogue.label(*labelled)

    def place(n: int) -> tuple[int, float, str]:
        label, delta = DEALS[n]
        return 2 if label is None else int(label == "check_price"), delta or 0, str(ids[n])

    expected = [str(n) for n in sorted(range(len(DEALS)), key=place)]
    assert titles(await find(api, sort="deal", page_size=50)) == expected[:50]
    assert list(chain(*await walk(api, sort="deal", page_size=3))) == expected


PRIDES = ["Owner's pride", "Owner\u2019s pride", "OWNER\uff07S pride", "Owners pride"]
CAFES = ["Caf\u00e9 Court", "Cafe\u0301 Court", "Cafe Court", "CAF\u00c9 court"]


@pytest.mark.parametrize("spellings", [PRIDES, CAFES])
@pytest.mark.parametrize("field", ["title", "society"])
@pytest.mark.parametrize("understand", [True, False])
async def test_apostrophes_and_accents_are_all_the_same(
    api: Api, catalogue: Catalogue, spellings: list[str], field: str, understand: bool
):
    await catalogue.store(*(home(**{field: spelling}) for spelling in spellings), home("Lotus flat"))
    for spelling in [*spellings, spellings[0] + " noida"]:
        answer = await find(api, q=spelling, facets=["society"], understand=understand, suggest=False)
        assert (answer["total"], spelling) == (len(spellings), spelling)


async def refused(api: Api, **wanted: Any) -> tuple[int, dict[str, str]]:
    answer: Answer = await api.post(PATH, wanted)
    return answer.status, answer.wrong_fields()


async def test_a_cursor_belongs_to_its_search_and_cannot_be_altered(api: Api, stored: Catalogue):
    cursor = (await find(api, page_size=1))["next_cursor"]
    assert titles(await find(api, page_size=3, cursor=cursor))
    altered = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for wanted in (
        {"cursor": cursor, "bhk": [3]},
        {"cursor": cursor, "sort": "newest"},
        {"cursor": altered},
        {"cursor": "x"},
        {"cursor": "é"},
    ):
        assert await refused(api, **wanted) == (400, {"#/cursor": "cursor"})
    assert await refused(api, cursor=cursor, page=2) == (422, {"#": "page_and_cursor"})


@pytest.mark.parametrize(
    ("wanted", "pointers"),
    [
        ({"q": "x" * 201}, {"#/q": "string_too_long"}),
        ({"q": ["a"]}, {"#/q": "string_type"}),
        ({"page": 201, "page_size": 50}, {"#/page": "page_too_deep"}),
        ({"facing_direction": "up"}, {"#/facing_direction/0": "enum"}),
        ({"bhk": ["many"]}, {"#/bhk/0": "float_type"}),
        ({"bathrooms": [2, 31, "two"]}, {"#/bathrooms/1": "less_than_equal", "#/bathrooms/2": "int_type"}),
        (
            {"locality": "Sector 999", "sector": "999"},
            {"#/locality/0": "unknown_locality", "#/sector/0": "unknown_sector"},
        ),
        ({"bhk": [n / 2 for n in range(1, 40)]}, {"#/bhk": "too_long"}),
        ({"vastu_score": {"min": 101}}, {"#/vastu_score/min": "less_than_equal"}),
        ({"vastu_score": {}}, {"#/vastu_score/min": "missing"}),
        (
            {"vastu_rooms": [{"room": "attic", "directions": []}]},
            {"#/vastu_rooms/0/room": "enum", "#/vastu_rooms/0/directions": "too_short"},
        ),
        ({"area_sqft": {"min": 5, "max": 4}}, {"#/area_sqft/max": "reversed_range"}),
        ({"floor_number": {"min": 5, "max": 4}}, {"#/floor_number/max": "reversed_range"}),
        ({"sort": "distance"}, {"#": "no_centre"}),
        ({"sort": "distance", "geo": {"box": BOX}}, {"#": "no_centre"}),
        ({"geo": {}}, {"#/geo": "one_place"}),
        ({"geo": {"box": BOX | {"north": 28}}}, {"#/geo/box": "empty_box"}),
        (
            {"geo": {"radius": {"centre": {"latitude": 91, "longitude": 0}, "metres": 0}}},
            {"#/geo/radius/centre/latitude": "less_than_equal", "#/geo/radius/metres": "greater_than_equal"},
        ),
        ({"geo": {"polygon": [WHERE, WHERE, WHERE]}}, {"#/geo/polygon": "no_area"}),
        ({"geo": {"polygon": [WHERE] * 101}}, {"#/geo/polygon": "too_long"}),
        ({"facets": ["price"]}, {"#/facets/0": "enum"}),
        ({"cursor": "x" * 1_001}, {"#/cursor": "string_too_long"}),
        ({"nope": 1}, {"#/nope": "extra_forbidden"}),
    ],
)
async def test_every_wrong_field_is_named(
    api: Api, catalogue: Catalogue, wanted: dict[str, Any], pointers: dict[str, str]
):
    assert await refused(api, **wanted) == (422, pointers)


ALPHABET = [*"abcdefghijklmnop", *"कखगघचछजझटठडढतथदध"]
"""Letters such that no word of one or two of them has a meaning in a search."""


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8])
async def test_a_search_of_nothing_but_words_is_not_too_much(api: Api, stored: Catalogue, length: int):
    words = ("".join(letters) for letters in product(ALPHABET[::-1], repeat=length))
    answer = await api.post(PATH, {"q": " ".join(islice(words, 100))[:200]})
    assert (answer.status, answer.body["total"]) == (200, 0)


@pytest.mark.parametrize(
    "words",
    [
        "*:*",
        "/.*.*.*/",
        "a* OR b*",
        '{"script": "1"}',
        "झील सेक्टर 62",
        "🏠🏡",
        "\u202ertl",
        "zero\u200bwidth",
        "a " * 100,
        "(((((",
        "NOT",
        '"unclosed',
    ],
)
async def test_whatever_a_visitor_types_is_only_ever_matched(api: Api, stored: Catalogue, words: str):
    answer = await api.post(PATH, {"q": words, "understand": False})
    assert (answer.status, answer.body["total"]) == (200, 0)
    assert (await api.post(PATH, {"q": words})).status == 200
