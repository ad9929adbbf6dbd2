"""OpenSearch, opened in one place."""

from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch, AsyncTransport
from opensearchpy.serializer import JSONSerializer

from schemas.settings import Settings
from stores.bounds import Breaker, Turns


class OrjsonSerializer(JSONSerializer):
    """The same JSON, several times faster: half of a search's cost on our side was here."""

    def dumps(self, data: Any) -> Any:
        return data if isinstance(data, str | bytes) else orjson.dumps(data)

    def loads(self, s: Any) -> Any:
        return orjson.loads(s)


class Transport(AsyncTransport):
    """Knows how many questions it has on their way, and whether the last ones were answered."""

    def __init__(self, hosts: Any, *, patience_s: float, at_once: int, **options: Any) -> None:
        super().__init__(hosts, timeout=patience_s, **options)
        self.patience_s = patience_s
        self.turns, self.breaker = Turns(at_once), Breaker()

    async def close(self) -> None:
        """The library's own leaves the connections of nodes open that are away just now."""
        for connection in getattr(self.connection_pool, "orig_connections", ()):
            await connection.close()
        await super().close()


def open_search(settings: Settings, *, timeout_s: float | None = None) -> AsyncOpenSearch:
    """A client that asks a node once: who waits, and whether to ask it again, is the caller's to say.

    Of several nodes, another is asked when one does not listen, breaks off or says that it cannot; not
    when one is slow, since then a visitor has waited for long enough.

    Args:
        settings: whose `opensearch_url` and `search_timeout_s` to use.
        timeout_s: seconds a request may take, when it is not a visitor's search.
    """
    nodes = settings.opensearch_nodes
    return AsyncOpenSearch(
        nodes,
        patience_s=settings.search_timeout_s if timeout_s is None else timeout_s,
        at_once=settings.searches_at_once,
        max_retries=len(nodes) - 1,
        serializer=OrjsonSerializer(),
        transport_class=Transport,
        maxsize=64,
    )
