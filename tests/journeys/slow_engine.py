"""A search engine that finds nothing, and takes its time over it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

NOTHING = (
    b'{"responses":[{"timed_out":false,"status":200,"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}]}'
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(NOTHING)


@asynccontextmanager
async def slow_engine(*, seconds: float) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(seconds)
        writer.write(HEAD + NOTHING)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.close()
    await server.wait_closed()
