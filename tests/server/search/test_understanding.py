"""How a visitor's text changes a search, over HTTP: filters, remaining words, conflicts, stable links."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.api.search.listings import ListingsRequest
from search.understanding import understand_listings
from server.search_cache import SearchKind, cache_key
from tests.domain.query_reader.test_reader import TEXTS
from tests.factories import home
from tests.server.conftest import Api, Catalogue

PATH = "/api/v1/search/listings"
SUGGEST = "/api/v1/search/suggest"
LAKH = 100_000


@pytest.fixture(scope="module")
async def stored(live: Catalogue) -> Catalogue:
    await live.store(
        home("Garden", society="Gaur Grandeur", facing_direction="east", price=85 * LAKH),
        home("Tower", society="Gaur Grandeur", price=130 * LAKH, bhk=2),
        home("Lane", society="Golf Vista Apartments", property_type="penthouse", price=95 * LAKH),
        home("Park", locality="Sector 63", sector="63", society="Lotus Villas", property_type="villa"),
        home("Court", locality="Sector 63", sector="63", society="Lotus Park", price=90 * LAKH),
        home("Let", society="Lotus Park", listing_type="rent", price=25_000, bhk=2),
    )
    return live


async def find(api: Api, q: str, **wanted: Any) -> dict[str, Any]:
    answer = await api.post(PATH, {"q": q, **wanted})
    assert answer.status == 200, answer.body
    return dict(answer.body)


def titles(answer: dict[str, Any]) -> set[str]:
    return {item["title"] for item in answer["items"]}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("3bhk flat sector 62 80 lakh se 1 cr east facing", {"Garden"}),
        ("Sector 62 Gaur", {"Garden", "Tower"}),
        ("gaur sector 62 2 bhk", {"Tower"}),
        ("golf vista apartments", {"Lane"}),
        ("lotus villas", {"Park"}),
        ("2bhk 25k tak", {"Let"}),
        ("सेक्टर ६३ में 3 बीएचके", {"Park", "Court"}),
        ("sasta luxury flat near metro sector 63", {"Court"}),
        ("noida", {"Garden", "Tower", "Lane", "Park", "Court"}),
        ("flat in greater noida", set()),
    ],
)
async def test_a_text_finds_what_it_says(api: Api, stored: Catalogue, q: str, expected: set[str]):
    answer = await find(api, q)
    assert (titles(answer), answer["total"]) == (expected, len(expected))


async def test_the_answer_says_what_was_understood(api: Api, stored: Catalogue):
    q = "accha 3bhk sector 62 gaur under 90"
    answer = await find(api, q)
    filters = {"price": {"max": 90 * LAKH}, "bhk": [3], "locality": ["Sector 62"]}
    assert answer["understood"] == {
        "filters": filters,
        "in_words": "3 BHK, Sector 62, up to ₹90 L",
        "text_rest": "gaur",
        "spans": [
            span(q, "3bhk", "bhk", [3]),
            span(q, "sector 62", "locality", ["Sector 62"]),
            span(q, "under 90", "price", {"max": 90 * LAKH}) | {"confidence": 0.6, "assumed": True},
        ],
        "ignored": [{"start": 0, "end": 5, "text": "accha"}],
        "conflicts": [],
    }
    assert answer["search"] == {"listing_type": "sale", "q": "gaur", **filters}


def span(q: str, said: str, field: str, value: Any) -> dict[str, Any]:
    start = q.index(said)
    return {
        "start": start,
        "end": start + len(said),
        "field": field,
        "value": value,
        "confidence": 1.0,
        "assumed": False,
    }


async def test_offsets_count_what_was_sent_and_not_what_was_tidied(api: Api, stored: Catalogue):
    q = "  🏠  \u200bSector   62"
    [found] = (await find(api, q))["understood"]["spans"]
    assert q[found["start"] : found["end"]] == "Sector   62"


@pytest.mark.parametrize(
    "q", ["3bhk sector 62 gaur", "flat 80-95", "east side 62", "noida 2bhk rent 30000 lotus"]
)
async def test_the_search_of_an_answer_is_a_link_that_finds_the_same(api: Api, stored: Catalogue, q: str):
    first = await find(api, q)
    again = (await api.post(PATH, first["search"])).body
    assert {name: said for name, said in again.items() if name != "understood"} == {
        name: said for name, said in first.items() if name != "understood"
    }


@given(
    TEXTS.filter(lambda text: len(text) <= 200),
    st.fixed_dictionaries(
        {},
        optional={
            "listing_type": st.sampled_from(["sale", "rent"]),
            "price": st.just({"max": 10_000_000}),
            "bhk": st.just([3]),
            "sector": st.just(["62"]),
            "locality": st.just(["Sector 62"]),
            "sort": st.just("newest"),
        },
    ),
)
def test_a_search_that_was_understood_is_the_same_when_it_is_run_again(text: str, given_by: dict[str, Any]):
    request, _ = understand_listings(ListingsRequest.model_validate({"q": text, **given_by}))
    search = request.search().canonical()
    again, _ = understand_listings(ListingsRequest.model_validate(search))
    assert again.search().canonical() == search


def test_texts_that_say_the_same_share_a_kept_answer():
    texts = (
        "3bhk flat sector 62 under 80 lakh",
        "सेक्टर 62 में 3 बीएचके फ्लैट 80 लाख तक",
        "S-62, 3 BHK apartment < 80L",
    )
    asked = [understand_listings(ListingsRequest(q=text))[0] for text in texts]
    link = ListingsRequest.model_validate(asked[0].search().canonical())
    assert len({cache_key(SearchKind.LISTINGS, wanted) for wanted in (*asked, link)}) == 1
    assert cache_key(SearchKind.LISTINGS, ListingsRequest(q=texts[0])) != cache_key(SearchKind.LISTINGS, link)


async def test_counts_agree_with_totals_under_what_was_read(api: Api, stored: Catalogue):
    answer = await find(api, "3bhk sector 62", facets=["bhk", "locality", "property_type"])
    counted = {
        facet: {option["value"]: option["count"] for option in options if option["selected"]}
        for facet, options in answer["facets"].items()
    }
    assert counted == {"bhk": {3: 2}, "locality": {"Sector 62": 2}, "property_type": {}}
    types = {
        option["value"]: option["count"] for option in answer["facets"]["property_type"] if option["count"]
    }
    assert (types, answer["total"]) == ({"apartment": 1, "penthouse": 1}, 2)
    assert sum(bar["count"] for bar in answer["price_histogram"]["bars"]) == 2


@pytest.mark.parametrize(
    ("q", "given_by", "conflicts", "expected"),
    [
        ("2bhk", {"bhk": [3], "locality": "Sector 62"}, [("bhk", [3], [2])], {"Garden", "Lane"}),
        ("3bhk sector 62", {"bhk": [3]}, [], {"Garden", "Lane"}),
        (
            "under 80 lakh",
            {"price": {"max": 90 * LAKH}},
            [("price", {"max": 90 * LAKH}, {"max": 80 * LAKH})],
            {"Garden", "Court"},
        ),
        ("sector 62", {"sector": ["63"]}, [("locality", ["63"], ["Sector 62"])], {"Park", "Court"}),
        ("sector 63", {"sector": ["63"]}, [], {"Park", "Court"}),
        (
            "2bhk 25k",
            {"listing_type": "sale"},
            [("listing_type", "sale", "rent"), ("price", None, {"max": 25_000})],
            {"Tower"},
        ),
        (
            "cheapest",
            {"sort": "newest"},
            [("sort", "newest", "price_asc")],
            {"Garden", "Tower", "Lane", "Park", "Court"},
        ),
    ],
)
async def test_what_the_search_says_itself_wins_and_the_conflict_is_named(
    api: Api, stored: Catalogue, q: str, given_by: dict[str, Any], conflicts: list[Any], expected: set[str]
):
    answer = await find(api, q, **given_by)
    assert titles(answer) == expected
    found = [(one["field"], one["given"], one["read"]) for one in answer["understood"]["conflicts"]]
    assert found == conflicts
    assert not {one["field"] for one in answer["understood"]["conflicts"]} & set(
        answer["understood"]["filters"]
    )


async def test_a_text_may_be_meant_word_for_word(api: Api, stored: Catalogue):
    answer = await find(api, "  Sector   62 gaur", understand=False)
    assert (answer["understood"], answer["search"]["q"]) == (None, "Sector 62 gaur")
    assert titles(answer) == {"Garden", "Tower"}
    assert (await find(api, "2bhk", understand=False))["total"] == 0


async def test_without_a_text_nothing_is_understood(api: Api, stored: Catalogue):
    assert (await find(api, " \u200b "))["understood"] is None


@pytest.mark.parametrize("q", ["sector:62 AND bhk:[3 TO *]", "3bhk~2^5 +flat -villa", '"sector 62"~ OR /x/'])
async def test_operators_of_the_engine_mean_nothing(api: Api, stored: Catalogue, q: str):
    answer = await find(api, q)
    assert set(answer["understood"]["filters"]) <= {"bhk", "property_type", "locality"}


async def test_a_cursor_belongs_to_the_search_that_was_understood(api: Api, stored: Catalogue):
    first = await find(api, "flat sector 62 gaur", page_size=1)
    second = await find(api, "gaur flat in sector-62", page_size=1, cursor=first["next_cursor"])
    assert titles(first) | titles(second) == {"Garden", "Tower"}
    other = await api.post(PATH, {"q": "flat sector 63", "page_size": 1, "cursor": first["next_cursor"]})
    assert (other.status, other.wrong_fields()) == (400, {"#/cursor": "cursor"})


async def test_suggestions_go_on_from_what_was_understood(api: Api, stored: Catalogue):
    answer = await find(api, "villa sector 62")
    assert answer["total"] == 0
    for suggestion in answer["suggestions"]:
        assert (await api.post(PATH, suggestion["search"])).body["total"] == suggestion["count"]


async def typed(api: Api, q: str, **more: Any) -> list[tuple[str, str, int]]:
    answer = await api.get(SUGGEST, q=q, **more)
    assert answer.status == 200, answer.body
    for item in answer.body["items"]:
        found = await api.post(PATH, item["search"])
        assert found.body["total"] == item["count"]
    return [(item["kind"], item["value"], item["count"]) for item in answer.body["items"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("3bhk lotus", [("society", "Lotus Park", 1), ("society", "Lotus Villas", 1)]),
        ("flat sector 63 lo", [("society", "Lotus Park", 1)]),
        ("2 bhk sector 6", [("sector", "Sector 62", 1)]),
        ("3bhk sector 62", [("sector", "Sector 62", 2)]),
        ("3bhk noida 62", [("sector", "Sector 62", 2)]),
        ("3bhk 63", [("sector", "Sector 63", 2)]),
        ("gaur sector 6", [("sector", "Sector 62", 2)]),
        ("2bhk rent lotus", [("society", "Lotus Park", 1)]),
        # A society's name wins over the meaning of its words.
        ("lotus villas", [("society", "Lotus Villas", 1)]),
        ("golf vista apartments", [("society", "Golf Vista Apartments", 1)]),
        ("3bhk", []),
    ],
)
async def test_what_is_typed_ahead_is_completed_under_what_it_says_already(
    api: Api, stored: Catalogue, q: str, expected: list[tuple[str, str, int]]
):
    assert await typed(api, q) == expected


async def test_suggestions_while_typing_say_what_was_understood(api: Api, stored: Catalogue):
    understood = (await api.get(SUGGEST, q="3bhk lotus")).body["understood"]
    assert (understood["filters"], understood["text_rest"]) == ({"bhk": [3]}, "lotus")
    literal = await api.get(SUGGEST, q="3bhk lotus", understand="false")
    assert literal.body == {"items": [], "understood": None}


@pytest.mark.parametrize(
    ("wanted", "pointers"),
    [
        ({"q": "x" * 201}, {"#/q": "string_too_long"}),
        ({"q": "3bhk", "understand": "no"}, {"#/understand": "bool_type"}),
        ({"q": "3bhk", "understood": {}}, {"#/understood": "extra_forbidden"}),
    ],
)
async def test_wrong_texts_are_named(api: Api, wanted: dict[str, Any], pointers: dict[str, str]):
    answer = await api.post(PATH, wanted)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)
