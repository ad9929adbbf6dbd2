"""All errors as problem+json (RFC 9457): the API's, the framework's, the database's, and unexpected ones."""

from typing import Any

import orjson
import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import RequestCancelled, SanicException
from sanic.handlers import ErrorHandler
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from schemas.errors import (
    CasaError,
    DatabaseUnavailable,
    ExpectationFailed,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unparsable,
    UriTooLong,
)
from server.http.methods import allowed_methods

TYPES = "https://docs.casabricks.example/problems/"
ERRORS_BY_STATUS: dict[int, type[CasaError]] = {
    error.status: error
    for error in (
        Unparsable,
        NotFound,
        MethodNotAllowed,
        RequestTimeout,
        PayloadTooLarge,
        UriTooLong,
        ExpectationFailed,
        Overloaded,
    )
}
"""The framework's errors by status. Each reason has one code, whether the framework or the API detects it. It
is the same in all versions of Python, which sometimes rename statuses."""
OUTAGES = (
    "08",  # the connection
    "25006",  # read-only: no longer the primary
    "25P03",  # the transaction was idle for too long
    "53",  # no memory, no disk, no connections
    "57P01",  # shutting down
    "57P02",  # crashed
    "57P03",  # starting
)
"""SQLSTATE prefixes of outages; the driver reports some of them as errors of its caller."""
CLIENT_GONE = 499
"""Used in the log only: the client disconnected before the answer."""
log = structlog.get_logger(component="server")


class ProblemHandler(ErrorHandler):
    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        if isinstance(exception, RequestCancelled):
            return HTTPResponse(status=CLIENT_GONE)  # no client is left to read it
        error = _as_casa_error(exception, request)
        request.app.ctx.metrics.refused(error.code, request.uri_template)
        return problem(error, str(request.id))


def _as_casa_error(exception: Exception, request: Request[Any, Any]) -> CasaError:
    """Return the error as the client sees it; the log gets more detail if the client did not cause it."""
    if isinstance(exception, CasaError):
        return exception
    if isinstance(exception, SanicException) and exception.status_code != CasaError.status:
        return _from_framework(exception, request)
    request_id = str(request.id)
    if is_outage(exception):
        error, sqlstate = type(exception).__name__, sqlstate_of(exception)
        log.warning("database_unavailable", error=error, sqlstate=sqlstate, request_id=request_id)
        return DatabaseUnavailable("The database cannot answer just now.")
    log.error("unforeseen_error", exc_info=exception, request_id=request_id)
    return CasaError("Something went wrong on our side.")


def is_outage(exception: Exception) -> bool:
    """Whether the database is temporarily unavailable."""
    if isinstance(exception, OperationalError | InterfaceError | PoolTimeout):
        return True
    return isinstance(exception, DBAPIError) and (sqlstate_of(exception) or "").startswith(OUTAGES)


def sqlstate_of(exception: Exception) -> str | None:
    """The SQLSTATE of a Postgres error; None if Postgres was not reached."""
    return getattr(getattr(exception, "orig", None), "sqlstate", None)


def problem(error: CasaError, request_id: str) -> HTTPResponse:
    described = {"title": error.title, "detail": error.detail or error.title, "code": error.code}
    errors = [
        {"pointer": wrong.pointer, "location": wrong.location, "code": wrong.code, "detail": wrong.detail}
        for wrong in error.errors
    ]
    waiting = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return problem_response(
        error.status, {**error.members, **described, "errors": errors}, request_id, error.headers | waiting
    )


def _from_framework(exception: SanicException, request: Request[Any, Any]) -> CasaError:
    """Convert 404 and 405 of the framework's router, 413 and 408 of its reader, and 400 of its parser."""
    refusal = ERRORS_BY_STATUS.get(exception.status_code, Unparsable)
    allowed = {"allow": ", ".join(allowed_methods(request))} if refusal is MethodNotAllowed else {}
    return refusal(str(exception), headers=allowed)


def problem_response(
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
