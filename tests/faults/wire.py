"""A client of the real engine whose process can be ended at any request, before or after it is obeyed.

What was to be sent can be kept and sent later, as a network or a process that stood still would.
"""

from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch, AsyncTransport

from schemas.settings import Settings
from stores.search import OrjsonSerializer


class Killed(BaseException):
    """Nobody handles it, so what is left of the work is not done, as if the process had been killed."""


@dataclass(frozen=True)
class Kill:
    """When the process ends: at its n-th request, which the engine obeys or never sees."""

    at: int
    obeyed: bool


@dataclass(frozen=True)
class Bulk:
    path: str
    body: bytes


class Wire(AsyncTransport):
    kill: Kill | None = None
    requests = 0
    bulks: list[Bulk]
    """All that this client has sent, or was about to send when it was killed."""

    async def perform_request(
        self, method: str, url: str, params: Any = None, body: Any = None, *args: Any, **options: Any
    ) -> Any:
        self.requests += 1
        if url.endswith("/_bulk"):
            self.bulks.append(Bulk(url, body))
        is_last = self.kill is not None and self.requests == self.kill.at
        if is_last and not self.kill.obeyed:
            raise Killed
        answer = await super().perform_request(method, url, params, body, *args, **options)
        if is_last:
            raise Killed
        return answer

    def live_until(self, kill: Kill | None) -> None:
        """Begin the life of another process."""
        self.kill, self.requests = kill, 0


def open_wire(settings: Settings) -> AsyncOpenSearch:
    client = AsyncOpenSearch(
        settings.opensearch_url,
        timeout=60,
        max_retries=0,
        serializer=OrjsonSerializer(),
        transport_class=Wire,
    )
    client.transport.bulks = []
    return client
