"""Connections at byte level: slow clients, odd headers, too many connections, clients that disconnect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from schemas.settings import Settings
from tests.server.conftest import Api, served
from tests.waiting import until

PATIENCE_S = 60.0
SMUGGLED = b"GET /livez?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/v1/search/guided HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Line:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *parts: bytes, pause_s: float = 0.0) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(pause_s)

    async def rest(self) -> bytes:
        """Read until the server closes the connection; fail if it does not."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def line_to(api: Api) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


def statuses(answers: bytes) -> list[int]:
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


async def asked(api: Api, raw: bytes) -> tuple[list[int], bytes]:
    async with line_to(api) as line:
        await line.send(raw)
        answers = await line.rest()
    return statuses(answers), answers


@pytest.fixture(scope="module")
async def hurried(settings: Settings) -> AsyncIterator[Api]:
    """An API with short deadlines."""
    short = {"header_deadline_s": 1.0, "body_deadline_s": 1.0, "connections_per_address": 20}
    async with served(settings.model_copy(update=short), "hurried") as api:
        yield api


async def drip(line: Line, head: bytes) -> None:
    """Send one byte at a time until the server closes the connection."""
    try:
        for number in range(1_000):
            await line.send(head if not number else b"x", pause_s=0.05)
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        POST + b"Content-Length: 900\r\n\r\n{",
    ],
    ids=["head", "body"],
)
async def test_a_client_that_drips_is_let_go_of(hurried: Api, head: bytes):
    """The client may miss the answer because it goes on sending; the server cannot prevent that."""
    async with line_to(hurried) as line, asyncio.TaskGroup() as group:
        dripping = group.create_task(drip(line, head))
        answers = await line.rest()
        dripping.cancel()
    assert statuses(answers) in ([408], [])


async def test_a_client_that_falls_silent_in_its_body_is_too_slow_and_we_are_not_to_blame(hurried: Api):
    head = POST + b"Content-Length: 9\r\n\r\n{"
    with capture_logs() as lines:
        async with line_to(hurried) as line:
            await line.send(head)
            assert statuses(await line.rest()) == [408]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == []


async def test_a_visitor_who_leaves_is_no_error(api: Api):
    with capture_logs() as lines:
        async with line_to(api) as line:
            await line.send(POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n{")
            await line.reader.readuntil(b"100 Continue\r\n\r\n")
        await until(lambda: any(entry.get("status") for entry in lines), "the request is logged")
    assert [line["event"] for line in lines if line["log_level"] == "error"] == []


async def test_one_address_gets_so_many_connections_and_no_more(hurried: Api):
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line_to(hurried)) for _ in range(22)]
        assert await lines[-1].rest() == b""
    await until(hurried.answers, "others are served again")


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length : %d\r\n\r\n%s" % (len(SMUGGLED), SMUGGLED),
        b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length\t: 5\r\n\r\n" + SMUGGLED,
        b"GET /livez HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n" + SMUGGLED,
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX(y): z\r\n\r\n" + SMUGGLED,
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 5\r\n\r\n" + SMUGGLED,
        b"GET /livez HTTP/1.1\r\n\r\n" + SMUGGLED,
        b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n" + SMUGGLED,
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n" + SMUGGLED,
    ],
)
async def test_a_head_that_two_servers_may_read_differently_is_refused_and_what_follows_is_not_read(
    api: Api, raw: bytes
):
    found, answers = await asked(api, raw)
    assert found == [400]
    assert b"\r\nconnection: close\r\n" in answers.lower()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /livez?%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (b"x" * 9_000), 414),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (b"x" * 20_000), 413),
        (POST + b"Content-Length: 9999999999\r\n\r\n", 413),
        (b"TRACE /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
        (POST + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}", 417),
    ],
    ids=["long address", "long head", "long body", "trace", "old", "expectation"],
)
async def test_what_is_too_much_or_unknown_has_a_status_of_its_own(api: Api, raw: bytes, status: int):
    found, answers = await asked(api, raw)
    assert found == [status]
    assert status == 200 or CODES[status] in answers


CODES = {
    405: b'"code":"method_not_allowed"',
    413: b'"code":"payload_too_large"',
    414: b'"code":"uri_too_long"',
    417: b'"code":"expectation_failed"',
}
"""Status -> error code, whether Sanic or the application refuses, and independent of Python's phrases."""


async def test_an_api_that_knows_its_names_answers_to_no_other(settings: Settings):
    named = settings.model_copy(update={"allowed_hosts": "api.casabricks.example, 127.0.0.1"})
    async with served(named, "named") as api:
        hosts = ["API.casabricks.example", "127.0.0.1:8000", "evil.example", "127.0.0.1.evil.example", "x:y"]
        found = [(await api.get("/livez", headers={"host": host})).status for host in hosts]
    assert found == [200, 200, 400, 400, 400]
