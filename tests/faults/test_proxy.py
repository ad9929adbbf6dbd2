"""Each fault mode of the proxy, observed by a client of an echo server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.harness.proxy import BlackHole, Delay, DropReply, Proxy, Refuse, Reset


class Echo:
    """Echoes every line and records it."""

    def __init__(self) -> None:
        self.heard = b""

    async def serve(self, reader, writer):
        while data := await reader.read(65_536):
            self.heard += data
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[tuple[Echo, Proxy]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with Proxy(f"redis://:secret@{host}:{port}/3") as proxy:
        yield echo, proxy
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def dialled(proxy: Proxy) -> AsyncIterator["Client"]:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    yield client
    client.writer.close()


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def say(self, words):
        self.writer.write(words)

    async def ask(self, words):
        self.say(words)
        return await self.reader.readexactly(len(words))


async def is_silent(client):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.reader.read(1)


async def test_it_passes_bytes_on_and_keeps_the_url(echo):
    server, proxy = echo
    async with dialled(proxy) as client:
        assert await client.ask(b"hello" * 50_000) == b"hello" * 50_000
    assert proxy.url == f"redis://:secret@127.0.0.1:{proxy.port}/3"
    assert (len(server.heard), proxy.accepted) == (250_000, 1)


async def test_the_end_of_what_a_client_says_arrives_and_so_does_the_rest_of_the_answer(echo):
    _, proxy = echo
    async with dialled(proxy) as client:
        client.say(b"last words")
        client.writer.write_eof()
        assert await client.reader.read() == b"last words"


async def test_refused_means_that_nobody_listens_until_healed(echo):
    _, proxy = echo
    async with dialled(proxy) as before:
        await before.ask(b"there")
        async with proxy.failing(Refuse()):
            with pytest.raises(ConnectionResetError):
                await before.ask(b"gone")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", proxy.port)
        async with dialled(proxy) as after:
            assert await after.ask(b"back") == b"back"


async def test_what_is_sent_into_a_black_hole_arrives_when_it_is_over(echo):
    server, proxy = echo
    async with dialled(proxy) as before:
        await before.ask(b"there")
        async with proxy.failing(BlackHole()), dialled(proxy) as during:
            before.say(b"lost?")
            during.say(b"new")
            await is_silent(before)
            await is_silent(during)
            assert server.heard == b"there"
        assert await before.reader.readexactly(5) == b"lost?"


async def test_a_delay_holds_both_directions(echo):
    _, proxy = echo
    async with dialled(proxy) as client:
        await client.ask(b"quick")
        async with proxy.failing(Delay(0.05)):
            began = time.monotonic()
            await client.ask(b"slow")
        assert time.monotonic() - began >= 0.1


async def test_a_connection_is_reset_after_so_many_bytes_and_each_counts_its_own(echo):
    server, proxy = echo
    async with dialled(proxy) as open_before:
        await open_before.ask(b"before")
        await proxy.fail(Reset(after_bytes=10))
        for client in [open_before, Client(*await asyncio.open_connection("127.0.0.1", proxy.port))]:
            assert await client.ask(b"1234567") == b"1234567"
            client.say(b"89abcdef")
            with pytest.raises(ConnectionResetError):
                await client.reader.readexactly(8)
            client.writer.close()
    assert server.heard == b"before" + b"123456789a" * 2


async def test_a_dropped_reply_leaves_the_request_obeyed(echo):
    server, proxy = echo
    async with dialled(proxy) as client:
        await proxy.fail(DropReply())
        with pytest.raises(ConnectionResetError):
            await client.ask(b"COMMIT")
    assert server.heard == b"COMMIT"


async def test_only_replies_to_what_was_named_are_dropped_and_so_many(echo):
    server, proxy = echo
    await proxy.fail(DropReply(to=b"COMMIT", times=1))
    async with dialled(proxy) as client:
        assert await client.ask(b"BEGIN") == b"BEGIN"
        with pytest.raises(ConnectionResetError):
            await client.ask(b"COMMIT")
    async with dialled(proxy) as client:
        assert await client.ask(b"COMMIT") == b"COMMIT"
    assert server.heard == b"BEGINCOMMITCOMMIT"


async def test_a_connection_can_fall_silent_while_another_is_answered(echo):
    server, proxy = echo
    await proxy.fail(DropReply(to=b"LISTEN", silently=True))
    async with dialled(proxy) as deaf, dialled(proxy) as other:
        deaf.say(b"LISTEN")
        assert await other.ask(b"SELECT") == b"SELECT"
        deaf.say(b"more")
        await is_silent(deaf)
    assert sorted(server.heard) == sorted(b"LISTENSELECTmore")


async def test_a_server_that_is_away_is_a_reset_connection():
    async with Proxy("http://127.0.0.1:1") as proxy, dialled(proxy) as client:
        with pytest.raises(ConnectionResetError):
            await client.ask(b"anybody?")
