"""Connections with deadlines that slow clients cannot extend.

Sanic's timers restart with every byte, so one byte a second keeps a connection open forever, and a body
that stops arriving looks like a slow server. Here a request must arrive within a fixed time at any pace.
"""

from asyncio import BaseTransport
from ipaddress import ip_address
from time import monotonic

from sanic.exceptions import RequestTimeout
from sanic.http import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from schemas.settings import Settings

SLOWEST_BODY = 128 * 1024
"""Bytes a second at which a large body must arrive; an upload of 15 MB has two minutes."""
CHECK_EVERY_S = 1.0
"""Seconds between two checks of a connection, so deadlines are exact to about a second."""

ANSWER_S = 5.0
"""Seconds to send the answer to a client that was too slow; then the connection is closed."""


class DeadlineProtocol(HttpProtocol):
    """Sanic's HTTP/1.1 with deadlines and a limit on the connections of one address."""

    __slots__ = ("_began", "_peer", "_watch")

    def connection_made(self, transport: BaseTransport) -> None:
        self._began = monotonic()
        self._watch = None
        self._peer = (transport.get_extra_info("peername") or [""])[0]
        self.app.ctx.connections[self._peer] += 1
        super().connection_made(transport)  # type: ignore[no-untyped-call]
        most = self.app.ctx.settings.connections_per_address
        if self.app.ctx.connections[self._peer] > most and not self._is_trusted_proxy():
            transport.abort()  # type: ignore[attr-defined]  # all socket transports have it
            return
        self._watch = self.loop.call_later(CHECK_EVERY_S, self._check_deadlines)

    def connection_lost(self, exc: Exception | None) -> None:
        self.app.ctx.connections[self._peer] -= 1
        if not self.app.ctx.connections[self._peer]:
            del self.app.ctx.connections[self._peer]
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        if self.http is None or self.http.stage is Stage.IDLE:
            self._began = monotonic()
        super().data_received(data)

    def _check_deadlines(self) -> None:
        if self._task is None or self.http is None:
            return
        if self.app.ctx.closing.is_set() and self.close_if_idle():
            return
        if self._is_late():
            self.http.exception = RequestTimeout("The request did not arrive in time.")
            self._task.cancel()
            # The framework would wait for the rest of the body.
            self._watch = self.loop.call_later(ANSWER_S, self.close)
            return
        self._watch = self.loop.call_later(CHECK_EVERY_S, self._check_deadlines)

    def _is_late(self) -> bool:
        """Whether the head or body that is being read is past its deadline."""
        settings: Settings = self.app.ctx.settings
        took = monotonic() - self._began
        if self.http.stage is Stage.REQUEST:
            return took > settings.header_deadline_s
        if self.http.request_body:
            announced = int(self.http.request_bytes or 0)
            return took > settings.body_deadline_s + announced / SLOWEST_BODY
        return False

    def _is_trusted_proxy(self) -> bool:
        """Whether the peer is a trusted proxy, which carries many clients."""
        try:
            peer = ip_address(self._peer)
        except ValueError:  # a Unix socket on this machine
            return True
        return any(peer in network for network in self.app.ctx.settings.trusted_proxies)
