"""A proxy in front of the engine that can simulate an outage."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Forwards bytes while `serving`, else answers every request with 503."""

    def __init__(self, upstream: str, *, serving: bool = True) -> None:
        address = urlsplit(upstream)
        self.upstream = (address.hostname, address.port)
        self.serving = serving
        self.refused = 0
        self.heard = 0
        """Bytes of requests that were forwarded."""
        self.open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        host, port = self.server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()
        self.break_connections()
        await self.server.wait_closed()

    def stop_serving(self) -> None:
        self.serving = False
        self.break_connections()

    def break_connections(self) -> None:
        for writer in self.open:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await (self.pass_on(reader, writer) if self.serving else self.refuse(reader, writer))
        writer.close()
        self.open.discard(writer)

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.refused += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BUSY)
        await writer.drain()

    def hear(self, data: bytes) -> None:
        self.heard += len(data)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.upstream)
        self.open.add(far_writer)
        await asyncio.gather(copy(reader, far_writer, self.hear), copy(far_reader, writer))
        self.open.discard(far_writer)


async def copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Callable[[bytes], object] = len
) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            hear(data)
            writer.write(data)
            await writer.drain()
    writer.close()
