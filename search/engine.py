"""One round trip to the search engine: bodies in, complete answers out, or a clear failure.

Each process limits its concurrent searches, so that a slow engine does not take the connections, memory
and time of everything else. After some failures in a row a circuit breaker stops all searches for a
moment. Visitors then get an error at once instead of waiting for the timeout.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from runtime.deadlines import left_s
from schemas.errors import SearchUnavailable
from search.queries import Body
from stores.bounds import BreakerOpenError, BusyError
from stores.search import Transport

GIVEN_UP_S = 0.3
"""Seconds after the client's timeout at which the engine cancels a search.

An earlier cancellation could arrive as an error instead of an answer.
"""
AWAY = "Search cannot be reached just now; try again shortly."
BUSY = "Search is overloaded just now; try again shortly."
NO_INDEX = "There is no index yet: an operator runs `indexer reindex`."
CLOSED = "The index is closed: an operator opens it."


class SearchRefusedError(Exception):
    """The engine rejected a body as invalid: a bug in this code, not a mistake of the visitor."""


class EngineFailedError(Exception):
    """The engine did not answer, or only in part."""


async def ask(search: AsyncOpenSearch, alias: str, bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """Send bodies as one `_msearch`; answers come in the same order.

    Raises:
        SearchUnavailable: the engine is unreachable, too slow or overloaded; or there is no open index.
    """
    transport = cast("Transport", search.transport)
    if transport.breaker.is_open:
        raise SearchUnavailable(AWAY)
    try:
        async with transport.turns.slot(min(transport.patience_s, left_s())):
            return await _through_breaker(search, alias, bodies, min(transport.patience_s, left_s()))
    except BusyError:
        raise SearchUnavailable(BUSY) from None


def search_timeout_s(search: AsyncOpenSearch) -> float:
    """Return the timeout of one search, in seconds."""
    return cast("Transport", search.transport).patience_s


def total_of(responses: Sequence[Mapping[str, Any]]) -> int:
    """Return the first total found: the page has none if the body after it counts the same listings."""
    totals = (response["hits"].get("total") for response in responses)
    return int(next(total["value"] for total in totals if total))


async def _through_breaker(
    search: AsyncOpenSearch, alias: str, bodies: Sequence[Body], seconds: float
) -> list[dict[str, Any]]:
    transport = cast("Transport", search.transport)
    try:
        with transport.breaker.attempt():
            answers = await _request(search, alias, bodies, seconds)
            transport.breaker.succeeded()
            return answers
    except BreakerOpenError:
        raise SearchUnavailable(AWAY) from None
    except EngineFailedError as error:
        is_for_want_of_time = isinstance(error.__cause__, ConnectionTimeout)
        if not is_for_want_of_time or seconds >= transport.patience_s:
            transport.breaker.has_failed()
        raise SearchUnavailable(str(error)) from error
    except SearchUnavailable:
        transport.breaker.succeeded()  # the engine answered, if only that there is no index
        raise


async def _request(
    search: AsyncOpenSearch, alias: str, bodies: Sequence[Body], seconds: float
) -> list[dict[str, Any]]:
    if not seconds:
        raise SearchUnavailable(BUSY)
    header = header_of(seconds)
    lines = b"\n".join(line for body in bodies for line in (header, orjson.dumps(body)))
    try:
        # The client's own `msearch` checks and quotes parameters that are always the same here.
        answer = await search.transport.perform_request(
            "POST", f"/{alias}/_msearch", params={"request_timeout": seconds}, body=lines + b"\n"
        )
    except TransportError as error:
        raise _failure(error) from error
    except OpenSearchException as error:
        raise EngineFailedError(AWAY) from error
    for response in answer["responses"]:
        _check(response)
    return list(answer["responses"])


def header_of(seconds: float) -> bytes:
    """Return the `_msearch` header of a search with this client timeout.

    Partial results are off, because counts without one of the shards do not add up. `terminate_after` and
    `timeout` are not used: they cut counts short too, and change the engine's cache key each time.
    The engine cancels a search as a whole once the client has stopped waiting for it.
    """
    given_up_ms = round(1000 * (seconds + GIVEN_UP_S))
    return b'{"allow_partial_search_results":false,"cancel_after_time_interval":"%dms"}' % given_up_ms


def _failure(error: TransportError) -> Exception:
    if error.status_code == 404:
        return SearchUnavailable(NO_INDEX)
    if error.status_code == 400:
        return SearchRefusedError(str(error.error))
    return EngineFailedError(AWAY)


def _check(response: dict[str, Any]) -> None:
    status = response["status"]
    if status == 404:
        raise SearchUnavailable(NO_INDEX)
    if status == 400 and response["error"]["type"] == "index_closed_exception":
        raise SearchUnavailable(CLOSED)
    if status == 400:
        raise SearchRefusedError(orjson.dumps(response["error"]).decode())
    if status != 200 or response["timed_out"]:
        raise EngineFailedError(BUSY)
