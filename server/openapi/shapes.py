"""JSON Schemas of requests and answers, collected in one place with one name each."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

Schema = dict[str, Any]

REF = "#/components/schemas/"
EXPLAINED = ConfigDict(use_attribute_docstrings=True)
GENERIC = re.compile(r"\b(Items|Message)_(\w+?)_$")
VALUES = frozenset({"const", "default", "enum", "examples"})


class Shapes:
    """Schemas of requests (validation mode) and of answers (serialization mode)."""

    def __init__(self, requests: Iterable[Any], answers: Iterable[Any]) -> None:
        self._by_shape, self.named = _schemas(
            [(shape, "validation") for shape in dict.fromkeys(requests)]
            + [(shape, "serialization") for shape in dict.fromkeys(answers)]
        )

    def request(self, shape: Any) -> Schema:
        return self._by_shape[shape, "validation"]

    def answer(self, shape: Any) -> Schema:
        return self._by_shape[shape, "serialization"]

    def resolved(self, schema: Schema) -> Schema:
        """Return the schema itself if this is a reference."""
        return self.named[schema["$ref"].removeprefix(REF)] if "$ref" in schema else schema


def referenced_names(written: Any, named: Mapping[str, Schema]) -> set[str]:
    """Return the names referred to, directly and indirectly."""
    found: set[str] = set()
    waiting = list(_references(written))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(named[name])
    return found


def _references(written: Any) -> Iterator[str]:
    if isinstance(written, list):
        for each in written:
            yield from _references(each)
    elif isinstance(written, dict):
        given = written.get("$ref")
        if isinstance(given, str) and given.startswith(REF):
            yield given.removeprefix(REF)
        yield from _references(list(written.values()))


def _schemas(
    shapes: list[tuple[Any, JsonSchemaMode]],
) -> tuple[dict[tuple[Any, JsonSchemaMode], Schema], dict[str, Schema]]:
    # Each shape is wrapped in a list, because pydantic accepts no outside configuration for a model itself.
    inputs = [(shape, mode, TypeAdapter(list[shape], config=EXPLAINED)) for shape, mode in shapes]  # type: ignore[valid-type]
    by_shape, defined = TypeAdapter.json_schemas(
        inputs, ref_template=REF + "{model}", schema_generator=GenerateJsonSchema
    )
    found = {key: _plain(schema)["items"] for key, schema in by_shape.items()}
    return found, {_name(name): _plain(schema) for name, schema in defined["$defs"].items()}


def _plain(schema: Any) -> Any:
    """Remove pydantic's titles, which repeat names, and make the names of generic shapes readable."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = schema | {"$ref": _name(schema["$ref"])}
    return {
        word: value if word in VALUES or word == "$ref" else _plain(value)
        for word, value in schema.items()
        if not (word == "title" and isinstance(value, str))
    }


def _name(name: str) -> str:
    """Turn `Items_PropertyRow_` into `PropertyRowItems`."""
    return GENERIC.sub(r"\2\1", name)
