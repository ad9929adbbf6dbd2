"""A search engine that finds nothing, and delays its answers until the test allows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

NOTHING = (
    b'{"responses":[{"timed_out":false,"status":200,"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}]}'
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(NOTHING)


@dataclass
class SlowEngine:
    url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        await self.may_answer.wait()
        writer.write(HEAD + NOTHING)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def slow_engine() -> AsyncIterator[SlowEngine]:
    engine = SlowEngine()
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0)
    engine.url = "http://{}:{}".format(*server.sockets[0].getsockname())
    yield engine
    server.close()
    await server.wait_closed()
