"""A client of the real engine whose process can be killed at any request, before or after it is executed.

Bulks are recorded and can be sent later, as a slow network or a stalled process would send them.
"""

from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch, AsyncTransport

from schemas.settings import Settings
from stores.search import OrjsonSerializer


class Killed(BaseException):
    """No handler catches it, so the rest of the work is not done, as if the process had been killed."""


@dataclass(frozen=True)
class Kill:
    """The kill comes at request number `at`; `obeyed` says whether the engine still gets that request."""

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
    """All bulks that this client has sent, or was about to send when it was killed."""

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
        """Begin a new process: count requests from 0 and set its kill."""
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
