"""Invalid or hostile searches: refused with the wrong field named, or searched as text; never a 500."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.api.search.listings import ListingsRequest
from schemas.api.search.map import MapRequest
from tests.server.conftest import Api, Catalogue
from tests.server.http.test_bad_input import dumps, json_values

LISTINGS, MAP = "/api/v1/search/listings", "/api/v1/search/map"
POINTS = [{"latitude": 28.5 + n / 10_000, "longitude": 77.3} for n in range(1_000)]
EVERYTHING = [n / 2 for n in range(1, 41)]
LONG = "x" * 10_240


@pytest.mark.parametrize(
    ("wanted", "status", "wrong"),
    [
        ({"q": LONG}, 422, {"#/q": "string_too_long"}),
        ({"q": "word " * 5_000}, 422, {"#/q": "string_too_long"}),
        ({"geo": {"polygon": POINTS}}, 422, {"#/geo/polygon": "too_long"}),
        (
            {"geo": {"box": {"south": 29, "north": 28, "west": 77, "east": 78}}},
            422,
            {"#/geo/box": "empty_box"},
        ),
        ({"bhk": EVERYTHING, "society": ["x"] * 100}, 422, {"#/bhk": "too_long", "#/society": "too_long"}),
        ({"facets": ["bhk"] * 100}, 422, {"#/facets": "too_long"}),
        ({"price": {"min": 2**63}}, 422, {"#/price/min": "less_than_equal"}),
        ({"area_sqft": {"max": 1_000_001}}, 422, {"#/area_sqft/max": "less_than_equal"}),
        ({"price": {"min": -1}}, 422, {"#/price/min": "greater_than_equal"}),
        ({"page": -1}, 422, {"#/page": "greater_than_equal"}),
        ({"page_size": 10_000}, 422, {"#/page_size": "less_than_equal"}),
        ({"page": 10_000, "page_size": 50}, 422, {"#/page": "page_too_deep"}),
        ({"cursor": "eyJhIjoxfQ"}, 400, {"#/cursor": "cursor"}),
        ({"cursor": "\u202e"}, 400, {"#/cursor": "cursor"}),
        ({"script": {"source": "1"}}, 422, {"#/script": "extra_forbidden"}),
    ],
)
async def test_what_is_too_much_is_named(
    api: Api, live: Catalogue, wanted: dict[str, Any], status: int, wrong: dict[str, str]
):
    answer = await api.post(LISTINGS, wanted)
    assert (answer.status, answer.wrong_fields()) == (status, wrong)


@pytest.mark.parametrize(("raw", "status"), [(b'{"price": {"min": 1e400}}', 400), (b'{"q": "\\ud800"}', 400)])
async def test_what_no_number_or_text_is_is_refused(api: Api, live: Catalogue, raw: bytes, status: int):
    assert (await api.send(LISTINGS, raw)).status == status


@pytest.mark.parametrize(
    "largest",
    [
        {"area_sqft": {"max": 1_000_000}},
        {"area_sqft": {"min": 950_000, "max": 1_000_000}},
        {"area_sqft": {"min": 1_000_000}},
        {"price": {"max": 2**63 - 1}},
        {"price": {"min": 2**63 - 1}, "bhk": [19.5]},
        {"price": {"min": 10**14, "max": 2**63 - 1}, "locality": ["Sector 62"], "property_type": ["villa"]},
        {"price_per_sqft": {"max": 2**63 - 1}},
    ],
)
async def test_the_largest_numbers_that_may_be_asked_for_find_an_answer(
    api: Api, live: Catalogue, largest: dict[str, Any]
):
    answer = await api.post(LISTINGS, largest)
    assert (answer.status, answer.body["total"]) == (200, 0)


async def test_a_place_elsewhere_is_empty(api: Api, live: Catalogue):
    paris = {"centre": {"latitude": 48.86, "longitude": 2.35}, "metres": 1_000}
    answer = await api.post(LISTINGS, {"geo": {"radius": paris}})
    assert (answer.status, answer.body["total"], answer.body["items"]) == (200, 0, [])


def searches(model: type[ListingsRequest | MapRequest]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(model.model_fields)), json_values, max_size=4)


@settings(max_examples=150)
@given(wanted=searches(ListingsRequest))
async def test_no_search_ends_in_a_server_error(api: Api, live: Catalogue, wanted: dict[str, Any]):
    assert (await api.send(LISTINGS, dumps(wanted))).status in {200, 400, 422}


@settings(max_examples=60)
@given(wanted=searches(MapRequest))
async def test_no_map_ends_in_a_server_error(api: Api, live: Catalogue, wanted: dict[str, Any]):
    assert (await api.send(MAP, dumps(wanted))).status in {200, 400, 422}


MARKET = st.sampled_from(
    ["flat", "sec", "62", "3bhk", "gaur", "city", "कोठी", "*:*", "AND", "a*", "[1 TO 2]", "x~2"]
)
texts = st.text(max_size=200) | st.lists(MARKET | st.text(max_size=12), max_size=40).map(
    lambda words: " ".join(words)[:200]
)


@settings(max_examples=150)
@given(words=texts)
async def test_no_text_ends_in_a_server_error(api: Api, live: Catalogue, words: str):
    answer = await api.send(LISTINGS, dumps({"q": words, "facets": [], "suggest": False}))
    assert answer.status in {200, 400}
    typed = await api.get("/api/v1/search/suggest", q=words.encode("utf-8", "replace").decode())
    assert typed.status in {200, 400, 422}
