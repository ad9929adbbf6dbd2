"""Errors as responses of operations: one response per status, with the codes that it may have."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.errors import CasaError, TooManyRequests, Unauthorized
from server.http.described import Errors
from server.http.problems import TYPES
from server.openapi.shapes import REF

PROBLEM_JSON = "application/problem+json"


def every_error(root: type[CasaError] = CasaError) -> Iterator[type[CasaError]]:
    yield root
    for error in root.__subclasses__():
        yield from every_error(error)


def every_code() -> list[str]:
    return sorted({error.code for error in every_error()})


def kind_of(code: str) -> str:
    """The `type` of problems with this code."""
    return TYPES + code.replace("_", "-")


def responses(errors: Iterable[type[CasaError]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, by status, the name of a response and the response."""
    found: dict[int, list[type[CasaError]]] = {}
    for error in sorted(set(errors), key=lambda error: (error.status, error.code)):
        found.setdefault(error.status, []).append(error)
    return {str(status): (_name(tuple(same)), _response(tuple(same))) for status, same in found.items()}


def _name(errors: Errors) -> str:
    return "Or".join(error.__name__ for error in errors)


def _response(errors: Errors) -> dict[str, Any]:
    return {
        "description": " ".join(f"{error.title} (`{error.code}`)." for error in errors),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _headers(errors[0])},
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": f"{REF}Problem"},
                "examples": {error.code: {"value": _example(error)} for error in errors},
            }
        },
    }


def _headers(error: type[CasaError]) -> Iterator[str]:
    yield "X-Request-ID"
    if error.status in {429, 503}:
        yield "Retry-After"
    if error.status == TooManyRequests.status:
        yield from ("RateLimit", "RateLimit-Policy")
    if error.status == Unauthorized.status:
        yield "WWW-Authenticate"


def _example(error: type[CasaError]) -> dict[str, Any]:
    request_id = "07b8fb74a49c211f08e2e0723a689f1b"
    wrong = {"pointer": "#/price/max", "location": "body", "code": "less_than_equal"}
    detail = "should be less than or equal to 9223372036854775807"
    return {
        "type": kind_of(error.code),
        "title": error.title,
        "status": error.status,
        "detail": error.title,
        "instance": f"/requests/{request_id}",
        "code": error.code,
        "request_id": request_id,
        "errors": [wrong | {"detail": detail}] if error.status == 422 else [],
    }
