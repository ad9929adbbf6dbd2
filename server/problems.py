"""Every error as problem+json (RFC 9457): ours, the web framework's, the database's, and the unforeseen."""

from collections.abc import Iterator
from http import HTTPMethod, HTTPStatus
from typing import Any

import orjson
import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed, SanicException
from sanic.exceptions import NotFound as SanicNotFound
from sanic.handlers import ErrorHandler
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from schemas.errors import (
    CasaError,
    DatabaseUnavailable,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    Unparsable,
)

TYPES = "https://docs.casabricks.example/problems/"
AS_OURS = {error.status: error for error in (Unparsable, NotFound, RequestTimeout, PayloadTooLarge)}
"""What we refuse as well: one code for one reason, whoever sees it first."""
log = structlog.get_logger(component="server")


class ProblemHandler(ErrorHandler):
    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        if isinstance(exception, CasaError):
            return problem(exception, str(request.id))
        if isinstance(exception, OperationalError | InterfaceError | PoolTimeout):
            log.warning("database_unavailable", error=type(exception).__name__, request_id=request.id)
            return problem(DatabaseUnavailable("The database cannot answer just now."), str(request.id))
        if isinstance(exception, SanicException) and exception.status_code < 500:
            return framework_problem(exception, request)
        log.error("unforeseen_error", exc_info=exception, request_id=request.id)
        return problem(CasaError("Something went wrong on our side."), str(request.id))


def problem(error: CasaError, request_id: str) -> HTTPResponse:
    described = {"title": error.title, "detail": error.detail or error.title, "code": error.code}
    errors = [
        {"pointer": wrong.pointer, "location": wrong.location, "code": wrong.code, "detail": wrong.detail}
        for wrong in error.errors
    ]
    waiting = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return rendered(
        error.status, {**error.members, **described, "errors": errors}, request_id, error.headers | waiting
    )


def framework_problem(exception: SanicException, request: Request[Any, Any]) -> HTTPResponse:
    """404 and 405 of the router, 413 and 408 of the reader, 400 of the parser."""
    status = HTTPStatus(exception.status_code)
    ours = AS_OURS.get(status)
    title = status.phrase if ours is None else ours.title
    described = {
        "title": title,
        "detail": str(exception) or title,
        "code": status.name.lower() if ours is None else ours.code,
    }
    headers = {str(name).lower(): str(value) for name, value in exception.headers.items()}
    if status == HTTPStatus.METHOD_NOT_ALLOWED and not headers.get("allow"):
        headers["allow"] = ", ".join(allowed_methods(request))
    return rendered(status, described | {"errors": []}, str(request.id), headers)


def allowed_methods(request: Request[Any, Any]) -> Iterator[str]:
    """What may be asked of this path; where it has parameters, the router does not say."""
    for method in HTTPMethod:
        try:
            request.app.router.get(request.path, method.value, request.headers.get("host"))
        except (SanicNotFound, MethodNotAllowed):
            continue
        yield method.value


def rendered(
    status: int, described: dict[str, Any], request_id: str, headers: dict[str, str]
) -> HTTPResponse:
    body = {
        "type": TYPES + described["code"].replace("_", "-"),
        "status": int(status),
        "instance": f"/requests/{request_id}",
        "request_id": request_id,
        **described,
    }
    return HTTPResponse(orjson.dumps(body), status, headers, "application/problem+json")
