"""A TCP proxy in front of a real server that simulates network faults.

    async with Proxy(settings.redis_url) as proxy:
        client = Redis.from_url(proxy.url)
        async with proxy.failing(Delay(0.1)):
            ...

A fault begins at once, for open connections too. Data sent into a black hole arrives when the fault ends,
as in a network whose cable was unplugged for a while.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
LOOP_TURNS = 10
"""Turns of the event loop in which an accepted connection is handed over, or an aborted one closed."""
DEFAULT_PORTS = {"redis": 6379, "postgresql": 5432, "http": 80}


@dataclass(frozen=True)
class Pass:
    """No fault."""


@dataclass(frozen=True)
class Refuse:
    """New connections are refused, open ones are reset."""


@dataclass(frozen=True)
class BlackHole:
    """No data arrives on either side, and neither side gets an error."""


@dataclass(frozen=True)
class Delay:
    """Data arrives `seconds` later, in both directions."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """A connection is reset after the client has sent `after_bytes` bytes over it; the rest never arrives."""

    after_bytes: int


@dataclass(frozen=True)
class DropReply:
    """The server gets and executes a request, but the client gets a reset instead of the reply.

    If given, `to` limits this to requests that contain these bytes, and `times` to that many requests.
    If `silently`, the client gets no reset either, and no further reply arrives over that connection.
    """

    to: bytes = b""
    times: int | None = None
    silently: bool = False


Mode = Pass | Refuse | BlackHole | Delay | Reset | DropReply


@dataclass(eq=False)
class Connection:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    sent: int = 0
    """Bytes from the client since the fault began."""
    is_doomed: bool = False
    """Whether replies on this connection are dropped."""
    is_over: bool = False
    serving: asyncio.Task[None] | None = None

    def reset(self) -> None:
        for writer in filter(None, (self.near, self.far)):
            # With a zero linger time, closing sends a reset and discards unsent data.
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    def close(self) -> None:
        for writer in filter(None, (self.near, self.far)):
            writer.close()


class Proxy:
    def __init__(self, upstream: str) -> None:
        """Take the server's URL as `upstream`; `url` is the same URL with the proxy's address."""
        address = urlsplit(upstream)
        self._upstream = (address.hostname or LOOPBACK, address.port or DEFAULT_PORTS[address.scheme])
        # Keep the port bound while the proxy refuses connections, so that no other process takes it.
        self._place = bound_socket(0)
        self.port: int = self._place.getsockname()[1]
        login = f"{address.netloc.rpartition('@')[0]}@" if "@" in address.netloc else ""
        self.url = address._replace(netloc=f"{login}{LOOPBACK}:{self.port}").geturl()
        self.accepted = 0
        """Connections accepted so far."""
        self.mode: Mode = Pass()
        self._mode_changed = asyncio.Event()
        self._dropped = 0
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.fail(Refuse())
        await self._settle()
        while self._connections:  # noqa: ASYNC110  the connections end by themselves
            await asyncio.sleep(0.001)
        await self._settle()
        self._place.close()

    @staticmethod
    async def _settle() -> None:
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)

    async def heal(self) -> None:
        await self.fail(Pass())

    async def fail(self, mode: Mode) -> None:
        """Start a fault; it lasts until `heal` or the next fault."""
        self.mode, self._dropped = mode, 0
        self._mode_changed.set()
        self._mode_changed = asyncio.Event()
        for connection in self._connections:
            connection.sent, connection.is_doomed = 0, False
        if isinstance(mode, Refuse):
            self._stop_listening()
            self.reset_connections()
        elif self._server is None:
            self._server = await asyncio.start_server(self._accept, sock=bound_socket(self.port), backlog=512)

    @asynccontextmanager
    async def failing(self, mode: Mode) -> AsyncIterator[None]:
        await self.fail(mode)
        try:
            yield
        finally:
            await self.heal()

    def reset_connections(self) -> None:
        for connection in list(self._connections):
            connection.reset()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = Connection(writer)
        self._connections.add(connection)
        connection.serving = asyncio.create_task(self._serve(connection, reader, writer))

    async def _serve(
        self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            if isinstance(self.mode, Refuse):  # accepted just before the fault began
                raise ConnectionResetError
            await self._out_of_the_hole(connection)
            far_reader, connection.far = await asyncio.open_connection(*self._upstream)
            await asyncio.gather(
                self._carry(connection, reader, connection.far, self._request_arrives),
                self._carry(connection, far_reader, writer, self._reply_arrives),
            )
        except OSError:
            connection.reset()
        finally:
            connection.close()
            self._connections.discard(connection)

    async def _carry(
        self,
        connection: Connection,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        arrives: Callable[[Connection, bytes], bytes],
    ) -> None:
        while data := await source.read(CHUNK):
            if isinstance(self.mode, Delay):
                await asyncio.sleep(self.mode.seconds)
            await self._out_of_the_hole(connection)
            sink.write(arrives(connection, data))
            await sink.drain()
            if connection.is_over:
                connection.reset()
        if sink.can_write_eof():
            sink.write_eof()

    async def _out_of_the_hole(self, connection: Connection) -> None:
        while isinstance(self.mode, BlackHole):
            await self._mode_changed.wait()
        if connection.near.is_closing():
            raise ConnectionResetError

    def _request_arrives(self, connection: Connection, data: bytes) -> bytes:
        """Return the part of the data that reaches the server."""
        if isinstance(self.mode, Reset):
            data = data[: max(0, self.mode.after_bytes - connection.sent)]
            connection.sent += len(data)
            connection.is_over = connection.sent >= self.mode.after_bytes
        if isinstance(self.mode, DropReply) and self.mode.to in data and self._dropped != self.mode.times:
            self._dropped += 1
            connection.is_doomed = True
        return data

    def _reply_arrives(self, connection: Connection, data: bytes) -> bytes:
        connection.is_over = connection.is_doomed and not getattr(self.mode, "silently", False)
        return b"" if connection.is_doomed else data


def bound_socket(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    return bound
