"""Results are fetched from a real server that tries to mislead the client."""

import asyncio
import resource
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import AddrInfoType, web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import Handler

from domain.security.result_urls import Origins, UrlNotAllowed
from stores.results import Limits, Results, ResultUnavailable, ResultUnusable
from tests.outside import listening

HOST = "results.ai.example"
PUBLIC, PRIVATE = "93.184.215.14", "127.0.0.1"


@dataclass
class Names(AbstractResolver):
    """Resolves each query to the next of its answers, then always to the last."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(host)
        family = socket.AF_INET
        return [
            ResolveResult(hostname=host, host=a, port=port, family=family, proto=0, flags=0)
            for a in addresses
        ]

    async def close(self) -> None:
        """Do nothing, because it holds no resources."""


@dataclass
class Server:
    origin: str
    paths: list[str] = field(default_factory=list)
    """Paths of the requests received."""

    def results(self, **limits: float) -> Results:
        return Results(Origins(local=self.origin), limits=Limits(**limits))  # type: ignore[arg-type]


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.query["to"])


async def huge(request: web.Request) -> web.StreamResponse:
    """Send ten gigabytes, or until the client disconnects."""
    declared = {"content-length": str(10 * 2**30)} if "declared" in request.query else {}
    answer = web.StreamResponse(headers=declared)
    await answer.prepare(request)
    for _ in range(10 * 1024):
        await answer.write(bytes(2**20))
    return answer


async def slow(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b".")
        await asyncio.sleep(0.05)


async def packed(request: web.Request) -> web.Response:
    return web.Response(body=b"\x1f\x8b" + bytes(1_000), headers={"content-encoding": "gzip"})


async def answered(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["status"]), body=b"picture")


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server("")

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        server.paths.append(request.path)
        return await handler(request)

    app = web.Application(middlewares=[note])
    routes = {"/moved": moved, "/huge": huge, "/slow": slow, "/packed": packed, "/status/{status}": answered}
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    async with listening(app) as server.origin:
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as started:
        yield started


async def test_a_result_is_fetched(server: Server):
    assert await server.results().fetch(f"{server.origin}/status/200") == b"picture"


@pytest.mark.parametrize(
    "to",
    [
        "/status/200",
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data",
        "https://elsewhere.example/",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_is_not_followed(server: Server, to: str):
    with pytest.raises(ResultUnusable, match="redirects are not followed"):
        await server.results().fetch(f"{server.origin}/moved?to={to}")
    assert server.paths == ["/moved"]


@pytest.mark.parametrize("path", ["/huge", "/huge?declared"])
async def test_ten_gigabytes_are_left_after_twenty_megabytes(server: Server, path: str):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ResultUnusable, match="is larger than 20 MB"):
        await server.results().fetch(server.origin + path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


async def test_a_body_that_drips_is_left_when_its_time_is_over(server: Server):
    began = time.monotonic()
    with pytest.raises(ResultUnavailable, match="Timeout"):
        await server.results(longest_s=0.3).fetch(f"{server.origin}/slow")
    assert time.monotonic() - began < 5


async def test_what_comes_packed_is_not_unpacked(server: Server):
    with pytest.raises(ResultUnusable, match="is packed"):
        await server.results().fetch(f"{server.origin}/packed")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, ResultUnusable),
        (403, ResultUnusable),
        (204, ResultUnusable),
        (500, ResultUnavailable),
        (503, ResultUnavailable),
        (429, ResultUnavailable),
    ],
)
async def test_an_answer_without_a_picture_says_whether_there_will_be_one(server: Server, status, error):
    with pytest.raises(error, match=f"answered {status}"):
        await server.results().fetch(f"{server.origin}/status/{status}")


async def test_a_server_that_is_away_may_come_back():
    async with serving() as server:
        results = server.results()
    with pytest.raises(ResultUnavailable):
        await results.fetch(f"{server.origin}/status/200")


async def test_nobody_is_asked_for_an_address_that_is_not_allowed(server: Server):
    with pytest.raises(UrlNotAllowed):
        await Results(Origins({HOST})).fetch(f"{server.origin}/status/200")
    assert server.paths == []


@dataclass
class Sockets:
    """Records the address of each connection attempt and blocks it."""

    addresses: list[str] = field(default_factory=list)

    def __call__(self, address: AddrInfoType) -> socket.socket:
        self.addresses.append(address[4][0])
        raise OSError("no network in tests")


async def attempt(names: Names) -> tuple[type[Exception], list[str]]:
    """Fetch with these DNS answers; return the exception type and the attempted addresses."""
    sockets = Sockets()
    results = Results(Origins({HOST}), resolver=lambda: names, socket_factory=sockets)
    with pytest.raises((UrlNotAllowed, ResultUnavailable)) as ended:
        await results.fetch(f"https://{HOST}/a.jpg")
    return ended.type, sockets.addresses


@pytest.mark.parametrize(
    "addresses",
    [[PRIVATE], ["10.0.0.7"], ["169.254.169.254"], ["100.64.0.1"], [PUBLIC, PRIVATE], ["0.0.0.0"]],  # noqa: S104
)
async def test_a_name_that_leads_into_our_network_is_refused_before_any_connection(addresses):
    assert await attempt(Names([addresses])) == (UrlNotAllowed, [])


async def test_a_name_that_changes_its_mind_is_asked_once_and_taken_at_its_word():
    names = Names([[PUBLIC], [PRIVATE]])
    assert await attempt(names) == (ResultUnavailable, [PUBLIC])
    assert names.asked == [HOST]
    assert await attempt(names) == (UrlNotAllowed, [])
