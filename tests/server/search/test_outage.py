"""Every way in which the engine can fail a search: a quick 503 with Retry-After."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import ClientSession, web
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from search.relaxation import MOST_COUNTED
from stores.search import Transport
from tests.factories import home, store_user
from tests.server.conftest import Api, Catalogue, served
from tests.waiting import until

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
    """Serve one fixed answer to everything; None keeps the client waiting."""

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


@dataclass
class Engine:
    """A proxy to the real engine that records requests, and can delay or refuse them."""

    behind: str
    visitor: ClientSession
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    on_their_way: int = 0
    most_on_their_way: int = 0
    silent_after: int = 10**6
    fails_after: int = 10**6
    speaks: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append(body)
        self.on_their_way += 1
        self.most_on_their_way = max(self.most_on_their_way, self.on_their_way)
        try:
            if len(self.asked) > self.fails_after:
                return web.Response(status=503)
            if len(self.asked) > self.silent_after:
                await self.speaks.wait()
            url, headers = self.behind + request.path_qs, {"content-type": request.content_type}
            async with self.visitor.request(request.method, url, data=body, headers=headers) as answer:
                content_type, content = answer.content_type, await answer.read()
                return web.Response(body=content, status=answer.status, content_type=content_type)
        finally:
            self.on_their_way -= 1

    def bodies(self) -> list[int]:
        """Return the number of searches in each recorded request."""
        return [len(body.splitlines()) // 2 for body in self.asked]


@pytest.fixture
async def door(settings: Settings) -> AsyncIterator[Engine]:
    async with ClientSession() as visitor:
        engine = Engine(settings.opensearch_url, visitor)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", engine.serve)
        runner = web.AppRunner(application, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        engine.port = runner.addresses[0][1]
        yield engine
        engine.speaks.set()
        await runner.cleanup()


@asynccontextmanager
async def behind(door: Engine, settings: Settings, **changes: Any) -> AsyncIterator[tuple[Api, Transport]]:
    """An API that reaches the engine through the proxy, without an answer cache."""
    changed = {"opensearch_url": door.url, "search_cache": False} | changes
    async with served(settings.model_copy(update=changed), "door") as api:
        assert api.context is not None
        yield api, cast("Transport", api.context.search.transport)


async def status_of_search(api: Api, bhk: int) -> int:
    return (await api.get("/api/v1/search/guided", bhk=str(bhk), suggest="false")).status


async def test_an_engine_that_fails_is_left_alone_and_one_search_finds_out_that_it_is_back(
    settings: Settings, catalogue: Catalogue, door: Engine
):
    now = 0.0
    async with behind(door, settings) as (api, transport):
        breaker = transport.breaker
        breaker.clock = lambda: now
        door.fails_after = 0
        assert {await status_of_search(api, 3) for _ in range(breaker.failures)} == {503}
        before = len(door.asked)
        refused = await api.get("/api/v1/search/guided")
        assert (refused.status, refused.body["code"]) == (503, "search_unavailable")
        assert (refused.headers["retry-after"], len(door.asked)) == ("5", before)
        now += breaker.rest_s
        assert (await status_of_search(api, 3), len(door.asked)) == (503, before + 1)
        assert (await status_of_search(api, 3), len(door.asked)) == (503, before + 1)
        door.fails_after = 10**6
        now += breaker.rest_s
        assert [await status_of_search(api, 3) for _ in range(3)] == [200] * 3


async def test_an_index_that_is_not_there_is_no_reason_to_leave_the_engine_alone(
    settings: Settings, door: Engine
):
    async with behind(door, settings, index_alias="nothing_here") as (api, transport):
        assert {await status_of_search(api, 3) for _ in range(2 * transport.breaker.failures)} == {503}
    assert len(door.asked) == 2 * transport.breaker.failures


async def test_so_many_questions_are_on_their_way_and_no_more(
    settings: Settings, catalogue: Catalogue, door: Engine
):
    await catalogue.store(home())
    door.silent_after = 0
    async with behind(door, settings, searches_at_once=2) as (api, _):
        visits = [asyncio.create_task(status_of_search(api, bhk)) for bhk in range(1, 9)]
        await until(lambda: door.on_their_way == 2, "two questions on their way")
        door.speaks.set()
        assert await asyncio.gather(*visits) == [200] * 8
    assert (len(door.asked), door.most_on_their_way) == (8, 2)


async def test_a_question_is_waited_for_no_longer_than_its_request_has_time(
    settings: Settings, catalogue: Catalogue, door: Engine
):
    door.silent_after = 0
    async with behind(door, settings, public_deadline_s=0.4, search_timeout_s=50) as (api, transport):
        answer = await api.get("/api/v1/search/guided")
        await until(lambda: not door.on_their_way, "the question has been given up")
        assert answer.status == 503
        assert answer.body["code"] in {"search_unavailable", "deadline_exceeded"}
        for asked in door.asked:  # no request was recorded if the machine stalled
            given_up_ms = int(asked.partition(b'interval":"')[2].partition(b"ms")[0])
            assert given_up_ms <= 700
        transport.breaker.failures = 1
        assert not transport.breaker.is_open  # too short to count as a failure


SCARCE = {
    "q": "palace", "locality": ["Sector 62"], "society": ["Lotus Court"], "price": {"max": 9_000_000},
    "area_sqft": {"min": 2_000}, "bhk": [2], "property_type": ["villa"], "vastu_score": {"min": 90},
    "light_score": {"min": 90},
}  # fmt: skip
"""Matches nothing: no change of one or two fields finds more."""


async def test_what_is_counted_for_a_search_that_finds_little_has_a_bound(
    settings: Settings, catalogue: Catalogue, door: Engine
):
    await catalogue.store(home())
    async with behind(door, settings) as (api, _):
        answer = await api.post("/api/v1/search/listings", SCARCE)
    assert (answer.status, answer.body["total"]) == (200, 0)
    assert len(door.bodies()) == 3  # the page, single changes, pairs
    assert 80 < sum(asked.count(b'"cheapest"') for asked in door.asked) <= MOST_COUNTED


async def found(api: Api, **wanted: Any) -> tuple[int, int, list[Any]]:
    answer = await api.post("/api/v1/search/listings", wanted)
    suggested = [[change["field"] for change in each["changes"]] for each in answer.body["suggestions"]]
    return answer.status, answer.body["total"], suggested


@pytest.mark.parametrize("trouble", ["fails_after", "silent_after"])
async def test_suggestions_that_cannot_be_had_are_left_out_and_the_answer_is_kept_for_nobody(
    settings: Settings, catalogue: Catalogue, door: Engine, trouble: str
):
    await catalogue.store(home())
    setattr(door, trouble, 1)
    async with behind(door, settings, search_timeout_s=6, search_cache=True) as (api, _):
        assert await found(api, bhk=[2]) == (200, 0, [])
        setattr(door, trouble, 10**6)
        door.speaks.set()
        assert await found(api, bhk=[2]) == (200, 0, [["bhk"]])


async def test_suggestions_of_two_changes_take_one_more_question_without_which_there_are_none(
    settings: Settings, catalogue: Catalogue, door: Engine
):
    await catalogue.store(home(bhk=3, price=10_400_000))
    wanted: dict[str, Any] = {"bhk": [2], "price": {"max": 10_000_000}}
    async with behind(door, settings, search_cache=False) as (api, _):
        assert await found(api, **wanted) == (200, 0, [["price", "bhk"]])
        assert len(door.asked) == 3
        door.fails_after, door.asked = 2, []
        assert await found(api, **wanted) == (200, 0, [])


async def test_a_place_in_the_order_that_cannot_be_found_leaves_what_is_known_of_a_listing(
    settings: Settings, catalogue: Catalogue, engine: AsyncEngine, door: Engine
):
    [listing] = await catalogue.store(home(bhk=3))
    path = f"/api/v1/admin/properties/{listing}/visibility"
    async with behind(door, settings) as (api, _):
        admin = api.signed_in(await store_user(engine), settings)
        before = (await admin.post(path, {"bhk": [3]})).body
        door.fails_after, door.asked = len(door.asked) - 1, []
        answer = await admin.post(path, {"bhk": [3]})
    assert answer.status == 200
    assert answer.body == before | {
        "rank": None, "page": None, "detail": "It is in this search, its place could not be found in time.",
    }  # fmt: skip
