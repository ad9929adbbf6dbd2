"""Every way in which the search engine can fail a visitor: a quick 503 that says when to come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from schemas.settings import Settings
from tests.server.conftest import Api, served

REFUSED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
PARTLY = b'{"took":1,"responses":[{"timed_out":true,"status":200,"hits":{"total":{"value":1},"hits":[]}}]}'
OVERLOADED = b'{"took":1,"responses":[{"status":429,"error":{"type":"rejected_execution_exception"}}]}'
MISUNDERSTOOD = b'{"took":1,"responses":[{"status":400,"error":{"type":"parsing_exception"}}]}'


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


@asynccontextmanager
async def engine_that_answers(answer: bytes | None) -> AsyncIterator[str]:
    """A server that gives one answer to everything, or none at all and keeps the visitor waiting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [None, b"", REFUSED, ok(OVERLOADED), ok(PARTLY)],
    ids=["silent", "hangs up", "refuses", "overloaded", "partly"],
)
async def test_a_failing_engine_is_a_503_with_a_time_to_come_back(
    settings: Settings, api: Api, request: pytest.FixtureRequest, answer: bytes | None
):
    async with engine_that_answers(answer) as url:
        broken = settings.model_copy(update={"opensearch_url": url, "search_timeout_s": 0.3})
        async with served(broken, name=f"without-{abs(hash(request.node.name))}") as lonely:
            found = await lonely.get("/api/v1/search/guided", counts="false")
    assert (found.status, found.body["code"], found.headers["retry-after"]) == (
        503,
        "search_unavailable",
        "5",
    )


async def test_a_body_that_the_engine_does_not_understand_is_our_own_fault(settings: Settings, api: Api):
    async with (
        engine_that_answers(ok(MISUNDERSTOOD)) as url,
        served(settings.model_copy(update={"opensearch_url": url}), name="misunderstood") as lonely,
    ):
        found = await lonely.get("/api/v1/search/guided", counts="false")
    assert (found.status, found.body["code"]) == (500, "internal_error")
    assert "parsing_exception" not in str(found.body)
