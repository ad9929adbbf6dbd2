"""Fuzzing of every route: each answer tells the client what to do, and none is a server error."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.admin.properties import WriteOptions
from schemas.sectors import LOCALITIES
from schemas.settings import Settings
from server.app import create_app
from server.http.described import Json
from server.openapi.operations import Operation, operations
from tests.factories import home, inquiry, picture, store_inquiries, store_pictures, store_user
from tests.server.conftest import Api, Catalogue, served


class Raw(str):
    """Literal JSON that no Python value would be serialized to."""

    __slots__ = ()


DIGITS = st.integers(1, 6_000).map(lambda length: Raw("9" * length))
NUMBERS = st.builds(
    lambda sign, number: Raw(sign + number),
    st.sampled_from(["", "-"]),
    DIGITS | st.sampled_from(["0.0", "1e400", "1E-400", "12000000.0", "0.5", "9007199254740993.0", "1e19"]),
)
DEEP = st.integers(1, 200).map(lambda depth: Raw("[" * depth + "]" * depth))
WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | NUMBERS | DEEP,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def as_json(value: Any) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{as_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return json.dumps(value)


TEXTS = {
    "locality": st.sampled_from(sorted(LOCALITIES)),
    "sector": st.sampled_from(["62", "78", "150"]),
    "uuid": st.uuids().map(str),
    "email": st.integers(0, 99).map("visitor-{}@example.com".format),
    "phone": st.integers(9_800_000_000, 9_899_999_999).map("+91{}".format),
    "date": st.dates().map(str),
    "date-time": st.datetimes().map("{:%Y-%m-%dT%H:%M:%SZ}".format),
}


Schema = dict[str, Any]


def allowed_by(schema: Schema, parts: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy for values that a JSON Schema allows, and sometimes for values beyond it."""
    if "$ref" in schema:
        return allowed_by(parts[schema["$ref"].rpartition("/")[2]], parts)
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return st.one_of([allowed_by(each, parts) for each in choices])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    return KINDS[schema.get("type", "anything")](schema, parts)


def integers(schema: Schema, _: Schema) -> st.SearchStrategy[int]:
    least, most = schema.get("minimum"), schema.get("maximum")
    return st.integers(least, most) | st.sampled_from([least or 0, most or 0])


def numbers(schema: Schema, _: Schema) -> st.SearchStrategy[float]:
    return st.integers(0, 30) | st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False)


def texts(schema: Schema, _: Schema) -> st.SearchStrategy[str]:
    return TEXTS.get(schema.get("format", ""), st.text(max_size=schema.get("maxLength", 60)))


def lists(schema: Schema, parts: Schema) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    most = max(least, min(schema.get("maxItems", 4), 4))
    return st.lists(allowed_by(schema.get("items", {}), parts), min_size=least, max_size=most)


def objects(schema: Schema, parts: Schema) -> st.SearchStrategy[Schema]:
    fields = {name: allowed_by(each, parts) for name, each in schema.get("properties", {}).items()}
    needed = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=fields)


KINDS = {
    "integer": integers,
    "number": numbers,
    "string": texts,
    "array": lists,
    "object": objects,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
    "anything": lambda *_: WILD,
}


def values_of(shape: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return a strategy for bodies of a shape, with up to two fields replaced by arbitrary values."""
    schema = shape.model_json_schema()
    replaced = st.dictionaries(st.sampled_from(sorted(shape.model_fields) or ["x"]), WILD, max_size=2)
    whole = allowed_by(schema, schema.get("$defs", {}))
    return st.builds(lambda body, wild: {**body, **wild}, whole, replaced)


@dataclass(frozen=True)
class Somewhere:
    api: Api
    known: dict[str, str]
    """Path parameter -> an existing value."""
    asked: list[Operation]


@pytest.fixture(scope="module")
async def somewhere(
    live: Catalogue, worker_engine: AsyncEngine, settings: Settings
) -> AsyncIterator[Somewhere]:
    [key] = await live.store(home())
    [image] = await store_pictures(worker_engine, picture(key))
    [lead] = await store_inquiries(worker_engine, inquiry(key))
    root = await store_user(worker_engine, email="root@casabricks.example", role="super_admin")
    other = await store_user(worker_engine, email="other@casabricks.example")
    known = {"property_id": key, "image_id": image, "inquiry_id": lead, "user_id": other, "job_id": uuid4()}
    asked = [
        each
        for each in operations(create_app(settings, "casabricks-asked"))
        if any(each.requests()) and not each.path.startswith("/api/v1/webhooks")  # webhooks need a signature
    ]
    behind_a_proxy = settings.model_copy(update={"trusted_proxy_cidrs": "127.0.0.0/8"})
    async with served(behind_a_proxy, "anything") as api:
        admin = api.signed_in(root, settings)
        yield Somewhere(admin, {name: str(value) for name, value in known.items()}, asked)


ADDRESSES = count()


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
async def test_no_request_ends_in_a_server_error(somewhere: Somewhere, data: st.DataObject):
    operation = data.draw(st.sampled_from(somewhere.asked))
    path = operation.path.format(**somewhere.known)
    if operation.declared.query not in {
        None,
        WriteOptions,
    }:  # no indexer runs, so no request may wait for one
        path += "?" + in_a_link(data.draw(values_of(operation.declared.query)))
    body, sent = (
        operation.declared.body,
        {"if-match": "*", "x-forwarded-for": f"10.{next(ADDRESSES) % 256}.1.1"},
    )
    raw = None
    if isinstance(body, Json):
        sent["content-type"] = body.media_types[0]
        raw = as_json(data.draw(values_of(body.shape))).encode()
    answer = await somewhere.api.ask(operation.method, path, headers=sent, data=raw)
    assert answer.status < 500, (operation.id, path, raw, answer.body)


def in_a_link(given: dict[str, Any]) -> str:
    """Return a query string; lists repeat the name."""
    return "&".join(
        f"{quote(name)}={quote(each if isinstance(each, str) else as_json(each), errors='replace')[:2_000]}"
        for name, value in given.items()
        for each in (value if isinstance(value, list) else [value])
    )
