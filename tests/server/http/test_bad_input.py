"""Invalid input is refused with every wrong field named, and never ends in a 500."""

import gzip
import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, store
from tests.server.conftest import Api, Catalogue

GUIDED = "/api/v1/search/guided"
JSON = {"content-type": "application/json"}


async def test_all_wrong_fields_are_named_at_once(api: Api):
    wrong = {
        "listing_type": "swap",
        "answers": {
            "budget": {"min": 9, "max": 3},
            "property_type": ["castle"],
            "bhk": ["3"],
            "locality": ["Sector 999"],
        },
        "page": 0,
        "page_size": 51,
        "sort": 7,
        "counts": "no",
        "bedrooms": 3,
    }
    answer = await api.post(GUIDED, wrong)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.wrong_fields() == {
        "#/listing_type": "enum",
        "#/answers/budget/max": "reversed_range",
        "#/answers/property_type/0": "enum",
        "#/answers/bhk/0": "float_type",
        "#/answers/locality/0": "unknown_locality",
        "#/page": "greater_than_equal",
        "#/page_size": "less_than_equal",
        "#/sort": "enum",
        "#/counts": "bool_type",
        "#/bedrooms": "extra_forbidden",
    }


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"answers": {"budget": "cheap"}}, {"#/answers/budget": "band"}),
        ({"answers": {"budget": "9000000-4000000"}}, {"#/answers/budget": "reversed_range"}),
        ({"answers": {"budget": "-0"}}, {"#/answers/budget": "reversed_range"}),
        ({"answers": {"budget": 5}}, {"#/answers/budget": "model_type"}),
        ({"budget_min": 9, "budget_max": 3}, {"#/budget_max": "reversed_range"}),
        ({"budget_min": 2**63}, {"#/budget_min": "less_than_equal"}),
        ({"budget_min": 1.5}, {"#/budget_min": "int_type"}),
        ({"budget_min": True}, {"#/budget_min": "int_type"}),
        ({"bhk": 2.3}, {"#/bhk/0": "multiple_of"}),
        ({"bhk": [n / 2 for n in range(1, 30)]}, {"#/bhk": "too_long"}),
        ({"page": 501, "page_size": 20}, {"#/page": "page_too_deep"}),
        ({"skipped": ["budget"]}, {"#/skipped/0": "literal_error"}),
        ({"answers": {"bhk": 3}, "bhk": 2}, {"#": "given_twice"}),
        ([], {"#": "model_type"}),
        ("text", {"#": "model_type"}),
        (None, {"#": "model_type"}),
    ],
)
async def test_a_wrong_field_is_named(api: Api, wrong: Any, expected: dict[str, str]):
    answer = await api.post(GUIDED, wrong)
    assert (answer.status, answer.wrong_fields()) == (422, expected)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"page": NaN}', "NaN"),
        (b'{"page": -Infinity}', "Infinity"),
        (b'{"page": 1, "page": 2}', "repeats a key"),
        (b'{"sort": "\xff"}', "UTF-8"),
        (b"[" * 60_000, "nests deeper"),
        (b'{"a": ' * 200 + b"1" + b"}" * 200, "nests deeper"),
        (b'\xef\xbb\xbf{"page": 1}', "not JSON"),
        ('{"page": 1}'.encode("utf-16"), "UTF-8"),
        ('{"page": 1}'.encode("utf-16-le"), "not JSON"),
        ('{"page": 1}'.encode("utf-32-be"), "not JSON"),
        (b'{"sort": "\xed\xa0\x80"}', "UTF-8"),
        (b'{"page": 1e400}', "beyond every program"),
        (b'{"page": -' + b"1" * 6_000 + b"}", "thousands of digits"),
    ],
)
async def test_what_is_not_json_cannot_be_read_by_whatever_method(
    api: Api, admin: Api, raw: bytes, said: str
):
    patch = {"data": raw, "headers": {"content-type": "application/merge-patch+json"}}
    image = f"/api/v1/admin/images/{uuid4()}"
    for answer in (await api.send(GUIDED, raw), await admin.ask("PATCH", image, **patch)):
        assert (answer.status, answer.body["code"]) == (400, "unparsable")
        assert said in answer.body["detail"] + str(answer.body["errors"])


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"budget_max": 12000000.0, "page": 1.0, "page_size": 2e1, "bhk": 3.0}', 200),
        (b'{"budget_max": 12000000.5}', 422),
        (b'{"budget_max": 9007199254740993.0}', 422),
        (b'{"budget_max": "12000000"}', 422),
        (b'{"budget_max": 1' + b"0" * 4_000 + b"}", 422),
    ],
)
async def test_a_whole_number_may_be_written_with_a_point(api: Api, live: Catalogue, raw: bytes, status: int):
    assert (await api.send(GUIDED, raw)).status == status


async def test_a_merge_patch_with_a_point_is_the_same_edit(admin: Api, engine: AsyncEngine):
    [key] = await store(engine, home(price=9_000_000))
    path = f"/api/v1/admin/properties/{key}"
    edited = await admin.patch(path, {"price": 12_000_000.0, "bhk": 3.0}, if_match="*")
    assert (edited.status, edited.body["price"], edited.body["bhk"]) == (200, 12_000_000, 3)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/search/guided?budget_min=&budget_max=12000000&property_type=&bhk=&bhk=3&page=",
        "/api/v1/search/suggest?q=sec&listing_type=&limit=&understand=",
        "/api/v1/search/suggest?q=",
        "/api/v1/localities?listing_type=&area_basis=",
        "/api/v1/market/segments?listing_type=&property_type=&bhk=",
        "/api/v1/admin/properties?q=&state=&price_min=&bhk=&page=",
        "/api/v1/admin/inquiries?status=&since=&q=&page_size=",
        "/api/v1/admin/imports?page=&page_size=",
        "/api/v1/admin/analytics/summary?since=&until=",
        "/api/v1/admin/properties.csv?state=",
    ],
)
async def test_a_field_that_a_form_left_empty_is_not_given(admin: Api, live: Catalogue, path: str):
    answer = await admin.get(path)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("trap", [b'"a\\u0000b"', b'"\\ud800"'])
async def test_text_that_breaks_further_down_is_refused_by_its_place(api: Api, trap: bytes):
    answer = await api.send(GUIDED, b'{"answers": {"locality": ["Sector 62", ' + trap + b"]}}")
    assert (answer.status, answer.wrong_fields()) == (400, {"#/answers/locality/1": "nul"})


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("page=x", 422, {"#/page": "int_parsing"}),
        ("colour=&page=", 422, {"#/colour": "extra_forbidden"}),
        ("page=1&page=2", 422, {"#/page": "repeated"}),
        ("q=flat", 422, {"#/q": "extra_forbidden"}),
        ("budget_min=1e400", 422, {"#/budget_min": "int_parsing"}),
        ("budget_min=NaN&bhk=NaN", 422, {"#/budget_min": "int_parsing", "#/bhk/0": "finite_number"}),
        ("localities=a%00b", 422, {"#/localities": "nul", "#/localities/0": "unknown_locality"}),
        ("page=%ff", 400, {}),
        ("property_type=villa&property_type=castle", 422, {"#/property_type/1": "enum"}),
    ],
)
async def test_a_wrong_query_string_is_refused(api: Api, query: str, status: int, expected: dict[str, str]):
    answer = await api.get(f"{GUIDED}?{query}")
    assert (answer.status, answer.wrong_fields()) == (status, expected)


async def test_a_huge_body_is_refused_before_it_is_read(api: Api):
    answer = await api.send(GUIDED, b" " * 70_000)
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("path", [GUIDED, "/api/v1/admin/imports", "/api/v1/webhooks/ai-enhancement"])
async def test_a_compressed_body_is_refused_and_one_that_says_it_is_not_is_read(
    admin: Api, live: Catalogue, path: str
):
    packed = await admin.ask(
        "POST", path, data=gzip.compress(b"{}"), headers=JSON | {"content-encoding": "gzip"}
    )
    assert (packed.status, packed.body["code"]) == (415, "unsupported_media_type")
    assert packed.headers["accept-encoding"] == "identity"
    plain = await admin.ask("POST", GUIDED, data=b"{}", headers=JSON | {"content-encoding": "identity"})
    assert plain.status == 200


async def test_a_body_must_say_that_it_is_json(api: Api):
    answer = await api.send(GUIDED, b"{}", content_type="text/plain")
    assert (answer.status, answer.body["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", GUIDED, 405, "method_not_allowed"),
        ("GET", "/api/v1/properties/17", 404, "not_found"),
        ("GET", "/api/v1/properties/%00", 404, "not_found"),
        ("GET", "/api/v1/properties/..%2f..%2fetc", 404, "not_found"),
    ],
)
async def test_other_errors_are_problems_too(api: Api, method: str, path: str, status: int, code: str):
    answer = await api.ask(method, path)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("front-7", True), ("007", True), ("a" * 65, False), ("a b", False), ("\xe9", False)]
)
async def test_a_harmless_request_id_is_kept(api: Api, sent: str, kept: bool):
    answer = await api.get("/livez", headers={"x-request-id": sent})
    assert (answer.headers["x-request-id"] == sent) is kept


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "listing_type",
    "answers",
    "skipped",
    "changed",
    "sort",
    "page",
    "page_size",
    "counts",
    "budget_min",
    "bhk",
]


def dumps(value: Any) -> bytes:
    """Encode as a client that escapes non-ASCII, including lone surrogates."""
    return json.dumps(value).encode()


@settings(max_examples=150)
@given(wanted=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4))
async def test_no_json_ends_in_a_server_error(api: Api, live: Catalogue, wanted: dict[str, Any]):
    answer = await api.send(GUIDED, dumps(wanted))
    assert answer.status in {200, 400, 422}


@settings(max_examples=100)
@given(raw=st.binary(max_size=200))
async def test_no_bytes_end_in_a_server_error(api: Api, live: Catalogue, raw: bytes):
    answer = await api.send(GUIDED, raw)
    assert answer.status in {200, 400, 422}


@settings(max_examples=100)
@given(name=st.sampled_from([*FIELDS, "x"]), value=st.text(max_size=20))
async def test_no_query_ends_in_a_server_error(api: Api, live: Catalogue, name: str, value: str):
    answer = await api.get(GUIDED, **{name: value.encode("utf-8", "replace").decode()})
    assert answer.status in {200, 400, 422}
