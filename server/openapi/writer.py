"""Writes operations for the document and collects shared parts as components."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from server.http.described import FILE, MULTIPART, SIGNED, Content, Header, Json, Patch, Upload
from server.http.messages import JSON
from server.openapi.examples import Examples
from server.openapi.operations import Operation
from server.openapi.problems import every_code, kind_of, responses
from server.openapi.shapes import REF, Schema, Shapes, referenced_names

JsonObject = dict[str, Any]

HEADERS: Mapping[str, JsonObject] = {
    "X-Request-ID": {
        "description": "Finds the request in the logs; the client's own, where it sends a harmless one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which it is worth another try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit": {
        "description": "The limit that is used up, and in how many seconds something of it is free.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"search";r=0;t=1',
    },
    "RateLimit-Policy": {
        "description": "The limit: so many requests (q) in so many seconds (w).",
        "required": True,
        "schema": {"type": "string"},
        "example": '"search";q=40;w=4',
    },
    "WWW-Authenticate": {
        "description": "How to say who is asking.",
        "required": True,
        "schema": {"type": "string"},
    },
}
PARAMETERS: Mapping[str, JsonObject] = {
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "The client's own id: 1 to 64 letters, digits and dashes; another is not taken up.",
        "schema": {"type": "string"},
    }
}
SECURITY: Mapping[str, JsonObject] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of a login; it lasts an hour.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Of the raw body, by the secret that both sides know (Standard Webhooks).",
    },
}


class Writer:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes, self._examples = shapes, Examples(shapes)
        self._patches: dict[str, Schema] = {}
        self._responses: dict[str, JsonObject] = {}

    def operation(self, operation: Operation) -> JsonObject:
        written = {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
            "description": operation.description,
            "parameters": [*self._parameters(operation), _reference("parameters", "X-Request-ID")],
            "requestBody": self._body(operation.declared.body),
            "responses": self._answers(operation),
            "security": _security(operation),
        }
        return {name: value for name, value in written.items() if value or name == "security"}

    def components(self, paths: JsonObject) -> JsonObject:
        """Return the components that these paths refer to; call it after all operations are written."""
        schemas = self._shapes.named | self._patches
        problem = schemas["Problem"]["properties"]
        problem["code"] |= {"enum": every_code()}
        problem["type"] |= {"format": "uri", "enum": [kind_of(code) for code in every_code()]}
        needed = referenced_names([paths, self._responses], schemas)
        return {
            "schemas": {name: schemas[name] for name in sorted(needed)},
            "responses": dict(sorted(self._responses.items())),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        }

    def _parameters(self, operation: Operation) -> Iterator[JsonObject]:
        for name in operation.parameters:
            form = {"format": "uuid"} if name.endswith("_id") else {}
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", **form}}
        if operation.declared.query is not None:
            yield from self._query(operation.declared.query)
        for convention in operation.declared.conventions:
            yield from ({"name": asked.name, "in": "header", **_header(asked)} for asked in convention.asks)

    def _query(self, shape: Any) -> Iterator[JsonObject]:
        schema = self._shapes.resolved(self._shapes.request(shape))
        required = schema.get("required", ())
        for name, field in schema["properties"].items():
            if "properties" in self._shapes.resolved(field):
                continue  # a query string cannot hold nested fields
            said = {"description": field["description"]} if "description" in field else {}
            needed = {"required": True} if name in required else {}
            yield {"name": name, "in": "query", **said, **needed, "schema": _as_text(field)}

    def _body(self, body: Json | Upload | None) -> JsonObject | None:
        if body is None:
            return None
        if isinstance(body, Upload):
            return {"required": True, "content": self._upload(body)}
        if isinstance(body, Patch):
            content = {"schema": self._patch(body), "example": dict(body.example)}
        else:
            schema = self._shapes.request(body.shape)
            content = {"schema": schema, "example": self._examples.minimal(schema)}
        return {"required": body.required, "content": dict.fromkeys(body.media_types, content)}

    def _patch(self, body: Patch) -> Schema:
        """Return the shape without required fields and defaults, because fields left out stay unchanged."""
        whole = self._shapes.resolved(self._shapes.request(body.shape))
        fields = {name: _without(field, "default") for name, field in whole["properties"].items()}
        name = f"{body.shape.__name__}Patch"
        self._patches[name] = _without(whole, "required", "description") | {"properties": fields}
        return {"$ref": REF + name}

    def _upload(self, upload: Upload) -> JsonObject:
        whole = {} if upload.fields is None else self._shapes.resolved(self._shapes.request(upload.fields))
        form = {
            "type": "object",
            "properties": {"file": dict(FILE)}
            | {name: _as_text(part) for name, part in whole.get("properties", {}).items()},
            "required": ["file"],
            "additionalProperties": False,
        }
        encoding = {"file": {"contentType": ", ".join(upload.types)}}
        bare = {kind: {"schema": dict(FILE)} for kind in upload.types} if upload.bare else {}
        return {MULTIPART: {"schema": form, "encoding": encoding}, **bare}

    def _answers(self, operation: Operation) -> JsonObject:
        conventions = operation.declared.conventions
        told = {header.name: _header(header) for convention in conventions for header in convention.tells}
        headers = {"X-Request-ID": _reference("headers", "X-Request-ID")} | told
        found: JsonObject = {
            str(status): {
                "description": HTTPStatus(status).phrase,
                "headers": headers,
                **self._content(shape),
            }
            for status, shape in operation.declared.answers.items()
        }
        if any(convention.not_modified for convention in conventions):
            found["304"] = {"description": "It is still what the client has.", "headers": headers}
        for status, (name, problem) in responses(operation.errors).items():
            if status in found:  # an answer and an error share a status and differ by media type
                found[status]["content"] |= problem["content"]
            else:
                self._responses[name] = problem
                found[status] = _reference("responses", name)
        return dict(sorted(found.items()))

    def _content(self, shape: Any) -> JsonObject:
        if shape is None:
            return {}
        if isinstance(shape, Content):
            return {"content": {shape.media_type: {"schema": dict(shape.schema)}}}
        schema = self._shapes.answer(shape)
        return {"content": {JSON: {"schema": schema, "example": self._examples.full(schema)}}}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if SIGNED in operation.declared.conventions:
        return [{"signature": []}]
    return [{"bearer": []}] if operation.is_private else []


def _header(header: Header) -> JsonObject:
    example = {} if header.example is None else {"example": header.example}
    needed = {"required": True} if header.required else {}
    return {"description": header.description, **needed, "schema": dict(header.schema), **example}


def _as_text(field: Schema) -> Schema:
    """Return the schema of a field as a parameter or form part; without null, because text cannot express it.

    A field with several values repeats its name.
    """
    plain = _without(field, "description", *(["default"] if field.get("default") in (None, []) else []))
    choices = [choice for choice in plain.get("anyOf", []) if choice != {"type": "null"}]
    if not choices:
        return plain
    lists = [choice for choice in choices if choice.get("type") == "array"]
    said: Schema = (lists or choices)[0]
    return _without(plain, "anyOf") | said


def _reference(kind: str, name: str) -> JsonObject:
    return {"$ref": f"#/components/{kind}/{name}"}


def _without(schema: Schema, *words: str) -> Schema:
    return {word: value for word, value in schema.items() if word not in words}
