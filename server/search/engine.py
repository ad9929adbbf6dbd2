"""One round trip to the search engine: bodies in, complete answers out, or a clear failure."""

from collections.abc import Sequence
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from schemas.errors import SearchUnavailable
from server.search.queries import Body

HEADER = b'{"allow_partial_search_results":false,"cancel_after_time_interval":"2s"}'
"""An answer without one of its shards would show counts that do not add up; so would one cut short by
`terminate_after` or `timeout`. What nobody waits for any more is given up by the engine as a whole."""


class SearchRefusedError(Exception):
    """The engine could not understand a body: a bug of ours, not the visitor's."""


async def ask(search: AsyncOpenSearch, alias: str, bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """Send bodies as one `_msearch`; answers come in the same order.

    Raises:
        SearchUnavailable: the engine is away, too slow or overloaded, or there is no index yet.
    """
    lines = b"\n".join(line for body in bodies for line in (HEADER, orjson.dumps(body)))
    try:
        answer = await search.msearch(body=lines + b"\n", index=alias)
    except TransportError as error:
        raise _unavailable(error) from error
    except OpenSearchException as error:
        raise SearchUnavailable("Search cannot be reached just now; try again shortly.") from error
    for response in answer["responses"]:
        _check(response)
    return list(answer["responses"])


def _unavailable(error: TransportError) -> Exception:
    if error.status_code == 404:
        return SearchUnavailable("There is no index yet: an operator runs `indexer reindex`.")
    if error.status_code == 400:
        return SearchRefusedError(str(error.error))
    return SearchUnavailable("Search cannot answer just now; try again shortly.")


def _check(response: dict[str, Any]) -> None:
    status = response["status"]
    if status == 404:
        raise SearchUnavailable("There is no index yet: an operator runs `indexer reindex`.")
    if status == 400 and response["error"]["type"] == "index_closed_exception":
        raise SearchUnavailable("The index is closed: an operator opens it.")
    if status == 400:
        raise SearchRefusedError(orjson.dumps(response["error"]).decode())
    if status != 200 or response["timed_out"]:
        raise SearchUnavailable("Search is overloaded just now; try again shortly.")
