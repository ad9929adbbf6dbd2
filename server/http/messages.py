"""Parses requests into models and writes answers as bytes."""

import json
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, wraps
from hashlib import blake2b
from math import isinf
from typing import Any, NoReturn, TypeVar, get_origin

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json
from sanic import HTTPResponse

from schemas.errors import FieldError, InvalidRequest, Unparsable, UnsupportedMediaType
from server.context import CasaRequest
from server.http.entity_tags import MalformedEntityTags, read_tags

JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS  # 2026-02-01T10:00:00Z
MALFORMED_TEXT = "holds a NUL or half a surrogate pair"
EXACT_INTEGERS = 2**53  # below it a double represents every whole number exactly
DEEPEST_NESTING = 32  # the API's shapes use at most five; keeps recursive parsing within the stack

REVALIDATE = "no-cache"
"""Caches may keep answers but must revalidate each time, so that all clients see a change at once."""
HEADERS_OF_304 = ("cache-control", "content-security-policy", "etag", "vary")
"""Headers of an answer that a 304 repeats (RFC 9110, 15.4.5)."""
RECENT_BODIES, SHORT_BODY = 256, 1_000
"""How many bodies of at most so many bytes are remembered as they were read."""
Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")


JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


def read_body(request: CasaRequest, model: type[Model]) -> Model:
    """Read a JSON body strictly: no coercion, no unknown fields, and all wrong fields reported together."""
    return read_json(json_body(request), model, "body")


def json_body(request: CasaRequest) -> bytes:
    """Return the body; raises UnsupportedMediaType unless it is said to be JSON."""
    if _content_type(request) != JSON:
        raise UnsupportedMediaType("Send JSON, and say so by Content-Type: application/json.")
    return request.body


def remembering_recent(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """Remember what a pure function read from recent short bodies, because popular ones are all alike."""
    recent = lru_cache(RECENT_BODIES)(read)

    @wraps(read)
    def read_or_remember(body: bytes) -> Read:
        return recent(body) if len(body) <= SHORT_BODY else read(body)

    return read_or_remember


def read_json(raw: bytes, model: type[Model], location: str) -> Model:
    return validated(parsed(raw), model, location)


def validated(value: Any, model: type[Model], location: str) -> Model:
    """Validate strictly as JSON, because strict mode refuses Python lists as tuples and strings as dates."""
    try:
        return model.model_validate_json(to_json(value), strict=True)
    except ValidationError as error:
        raise invalid(error, location) from None


def read_patch(request: CasaRequest) -> dict[str, Any]:
    """Read a merge patch (RFC 7396); it is validated only after merging (see `apply_patch`)."""
    if _content_type(request) not in {MERGE_PATCH, JSON}:
        raise UnsupportedMediaType(
            f"Send a merge patch, and say so by Content-Type: {MERGE_PATCH}.",
            headers={"accept-patch": f"{MERGE_PATCH}, {JSON}"},
        )
    patch = parsed(request.body)
    if not isinstance(patch, dict):
        wrong = FieldError("#", "body", "object", "must be an object with the fields that change")
        raise InvalidRequest(_summary((wrong,)), (wrong,))
    return patch


def apply_patch(model: type[Model], patch: Mapping[str, Any], held: Mapping[str, Any]) -> Model:
    """Apply a flat patch to the stored values and validate the result; errors refer to the body."""
    return validated({**held, **patch}, model, "body")


def _content_type(request: CasaRequest) -> str:
    return request.content_type.partition(";")[0].strip().lower()


def read_query(request: CasaRequest, model: type[Model]) -> Model:
    """Read the query string; a name may be repeated only if the model takes several values."""
    given = _given(_query(request), model)
    errors = [*_repeated(given, model), *_malformed_texts(given)]
    values = {name: several if _takes_several(model, name) else several[0] for name, several in given.items()}
    try:
        read = model.model_validate(values)
    except ValidationError as error:
        raise invalid(error, "query", errors) from None
    if errors:
        raise InvalidRequest(_summary(errors), tuple(errors))
    return read


def _given(query: Mapping[str, list[str]], model: type[BaseModel]) -> dict[str, list[str]]:
    """Drop the empty values that a form sends for optional fields; required texts may be empty."""
    blanks = {name for name, field in model.model_fields.items() if not field.is_required()}
    said = {
        name: [value for value in values if value or name not in blanks] for name, values in query.items()
    }
    return {name: values for name, values in said.items() if values}


def _repeated(given: Mapping[str, list[str]], model: type[BaseModel]) -> Iterator[FieldError]:
    for name, values in given.items():
        if len(values) > 1 and not _takes_several(model, name):
            yield FieldError(f"#/{_escaped(name)}", "query", "repeated", "is given more than once")


def _malformed_texts(given: Mapping[str, list[str]]) -> Iterator[FieldError]:
    for name, values in given.items():
        if not all(map(_is_text, [name, *values])):
            yield FieldError(f"#/{_escaped(name)}", "query", "nul", MALFORMED_TEXT)


def _query(request: CasaRequest) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    try:
        for name, value in request.get_query_args(keep_blank_values=True, errors="strict"):
            given.setdefault(name, []).append(value)
    except UnicodeDecodeError:
        raise Unparsable("The query string is not UTF-8.") from None
    return given


def _takes_several(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is tuple


def parsed(body: bytes) -> Any:
    """Parse JSON, and refuse what parsers accept differently or what fails in later steps.

    Raises:
        Unparsable: an encoding other than UTF-8, a byte order mark, duplicate keys, numbers out of range,
            NUL characters, halves of surrogate pairs, too deep nesting.
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_without_duplicates,
            parse_float=_parse_float,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError:
        raise Unparsable("The body is not UTF-8.") from None
    except RecursionError:
        raise Unparsable(f"The body nests deeper than {DEEPEST_NESTING} levels.") from None
    except json.JSONDecodeError as error:
        raise Unparsable(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # from Python, which refuses integers of thousands of digits
        raise Unparsable("The body holds an integer of thousands of digits.") from None
    errors = tuple(_unsafe_values(value, "#", 0)) if _may_have_unsafe_values(body) else ()
    if errors:
        raise Unparsable(_summary(errors), errors)
    return value


def _may_have_unsafe_values(body: bytes) -> bool:
    """Whether `_unsafe_values` is needed: NULs and half surrogates need escapes, deep nesting brackets."""
    return b"\\u" in body or body.count(b"[") + body.count(b"{") > DEEPEST_NESTING


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise Unparsable("The body repeats a key, and which of the two is meant nobody knows.")
    return keys


def _parse_float(written: str) -> float:
    """Read 12000000.0 as an integer, as many programs write it; from 2^53 on, a double is not exact."""
    number = float(written)
    if isinf(number):
        raise Unparsable("The body holds a number that is beyond every program.")
    return int(number) if number.is_integer() and abs(number) < EXACT_INTEGERS else number


def _refuse_constant(name: str) -> NoReturn:
    raise Unparsable(f"The body holds {name}, which is not JSON.")


def _unsafe_values(value: Any, pointer: str, depth: int) -> Iterable[FieldError]:
    if depth > DEEPEST_NESTING:
        yield FieldError(pointer, "body", "too_deep", f"nests deeper than {DEEPEST_NESTING} levels")
    elif isinstance(value, str):
        if not _is_text(value):
            yield FieldError(pointer, "body", "nul", MALFORMED_TEXT)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unsafe_values(key, pointer, depth + 1)
            yield from _unsafe_values(inner, f"{pointer}/{_escaped(key)}", depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unsafe_values(inner, f"{pointer}/{place}", depth + 1)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def invalid(error: ValidationError, location: str, more: Iterable[FieldError] = ()) -> InvalidRequest:
    """Return all pydantic errors as field errors, in pydantic's words or those of PLAINER_MESSAGES."""
    errors = (*more, *_merged(_field_error(details, location) for details in error.errors(include_url=False)))
    return InvalidRequest(_summary(errors), errors)


def _merged(errors: Iterable[FieldError]) -> Iterable[FieldError]:
    """Merge the errors of a field that may be of several types and matches none, into one error."""
    found: dict[str, FieldError] = {}
    for error in errors:
        first = found.get(error.pointer)
        found[error.pointer] = (
            error if first is None else replace(first, detail=f"{first.detail}, or {error.detail}")
        )
    return found.values()


PLAINER_MESSAGES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "extra_forbidden": lambda _: "is not a field here",
    "enum": lambda context: f"must be {context['expected']}",
    "literal_error": lambda context: f"must be {context['expected']}",
    "missing": lambda _: "is required",
}


def _field_error(details: ErrorDetails, location: str) -> FieldError:
    plainer = PLAINER_MESSAGES.get(details["type"])
    detail = plainer(details.get("ctx", {})) if plainer else _without_input(details["msg"])
    path = details["loc"] if details["type"] == "extra_forbidden" else filter(_is_field, details["loc"])
    pointer = "/".join(["#", *(_escaped(str(part)) for part in path)])
    return FieldError(pointer, location, details["type"], detail)


def _is_field(part: str | int) -> bool:
    """Whether a part of the path is a field; for unions, pydantic adds the type: `constrained-int`."""
    return isinstance(part, int) or part.isidentifier()


def _without_input(message: str) -> str:
    """Turn `Input should be a valid integer` into `should be a valid integer`."""
    return message.removeprefix("Input ")


def _escaped(key: str) -> str:
    """Escape a key for a JSON pointer (RFC 6901), at most 100 characters; bad characters are replaced."""
    shown = key.replace("~", "~0").replace("/", "~1")
    return shown.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:100]


def _summary(errors: Iterable[FieldError]) -> str:
    count = len(tuple(errors))
    return "One field is invalid." if count == 1 else f"{count} fields are invalid."


def with_etag_or_304(request: CasaRequest, response: HTTPResponse) -> HTTPResponse:
    """Add an ETag of the body to the response, or return 304 if the client already has it.

    The response may set its own Cache-Control; by default, caches must revalidate each time.
    """
    tag = blake2b(response.body or b"", digest_size=12).hexdigest()
    response.headers["etag"] = f'W/"{tag}"'
    response.headers.setdefault("cache-control", REVALIDATE)
    if _matches_etag(request, tag):
        kept = {name: response.headers[name] for name in HEADERS_OF_304 if name in response.headers}
        return HTTPResponse(status=304, headers=kept)
    return response


def _matches_etag(request: CasaRequest, tag: str) -> bool:
    """Whether If-None-Match contains this tag, weak or strong, or is `*`."""
    if "if-none-match" not in request.headers:
        return False
    try:
        known = read_tags(request.headers, "if-none-match")
    except MalformedEntityTags:  # an empty or malformed header is ignored
        return False
    return known is None or tag in {each for _, each in known}


def reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    return HTTPResponse(encode_json(value), status, dict(headers or {}), "application/json")


def reply_json_bytes(answer: bytes) -> HTTPResponse:
    """Reply with an answer that is already JSON."""
    return HTTPResponse(answer, content_type="application/json")


async def send_csv(request: CasaRequest, filename: str, pieces: AsyncIterable[str]) -> None:
    """Reply with a file that is sent while it is read."""
    headers = {"content-disposition": f'attachment; filename="{filename}"'}
    answer = await request.respond(content_type="text/csv; charset=utf-8", headers=headers)
    async for piece in pieces:
        await answer.send(piece)
    await answer.eof()


def with_member(answer: bytes, name: str, value: Any) -> bytes:
    """Add a member to an answer that is already a JSON object and has members."""
    return b'%s,"%s":%s}' % (answer[:-1], name.encode(), encode_json(value))


def encode_json(value: Any) -> bytes:
    return orjson.dumps(value, option=JSON_OPTIONS)
