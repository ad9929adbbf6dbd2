"""The answer cache as visitors see it: faster, and never stale."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle.reindex import reindex
from schemas.api.search.canonical import Sort
from schemas.api.search.guided import GuidedRequest
from schemas.api.search.suggest import Suggest, SuggestRequest
from schemas.errors import SearchUnavailable
from schemas.settings import Settings
from server.search_cache import (
    SCHEMA_DIGESTS,
    Answer,
    SearchKind,
    cache_key,
    cached_or_searched,
    packed,
    schema_digest,
    unpacked,
)
from stores.answers import SearchCacheEpoch
from tests.factories import home, store
from tests.indexer.commands import quietly
from tests.server.conftest import Api, Catalogue, served
from tests.waiting import until

GUIDED = "/api/v1/search/guided"


async def engine_calls(catalogue: Catalogue) -> int:
    """Return the number of searches that the engine has run on the live index."""
    stats = await catalogue.search.indices.stats(index=catalogue.generation, metric="search")
    return int(stats["_all"]["primaries"]["search"]["query_total"])


async def test_the_same_search_asks_the_engine_once(api: Api, catalogue: Catalogue):
    await catalogue.store(home())
    first = await api.post(GUIDED, {"bhk": 3, "localities": ["Sector 62"]})
    asked = await engine_calls(catalogue)
    again = await api.post(GUIDED, {"localities": "Sector 62", "bhk": [3]})
    assert (again.body, await engine_calls(catalogue)) == (first.body, asked)
    assert asked > 0


async def test_five_hundred_at_once_ask_the_engine_once(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home() for _ in range(5)))
    before = await engine_calls(catalogue)
    await api.guided(bhk=3, sort="newest")
    one = await engine_calls(catalogue) - before
    answers = await asyncio.gather(*(api.guided(bhk=3, sort="price_asc") for _ in range(500)))
    assert {answer["total"] for answer in answers} == {5}
    assert await engine_calls(catalogue) - before == 2 * one


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (GUIDED, {}),
        ("/api/v1/search/listings", {}),
        (
            "/api/v1/search/map",
            {"zoom": 10, "geo": {"box": {"south": 28, "west": 77, "north": 29, "east": 78}}},
        ),
    ],
)
async def test_no_answer_is_older_than_a_searchable_change(
    api: Api, catalogue: Catalogue, path: str, wanted: dict[str, Any]
):
    for number in range(1, 6):
        await catalogue.store(home())
        for _ in range(2):
            assert (await api.post(path, wanted)).body["total"] == number


async def test_no_answer_is_older_than_a_new_index(
    api: Api, catalogue: Catalogue, engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings
):
    """No drain sees the new row; only the reindexed index contains it."""
    await catalogue.store(home())
    assert (await api.guided())["total"] == 1
    await store(engine, home())
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE search_outbox"))
    assert (await api.guided())["total"] == 1
    await reindex(engine, search, settings, progress=quietly, epoch=catalogue.epoch)
    assert (await api.guided())["total"] == 2


async def test_visitors_who_ask_while_changes_come_never_see_time_run_backwards(
    api: Api, catalogue: Catalogue
):
    """A visitor who has seen a change sees it in every later search."""
    seen: list[int] = []

    async def visit() -> None:
        while len(seen) < 400:
            known = max(seen, default=0)
            total = (await api.guided())["total"]
            assert total >= known
            seen.append(total)

    async def change() -> None:
        while len(seen) < 400:
            await catalogue.store(home())

    await asyncio.gather(change(), *(visit() for _ in range(4)))


async def test_localities_follow_changes_too(api: Api, catalogue: Catalogue):
    for number in (1, 2):
        await catalogue.store(home(locality="Sector 78", sector="78"))
        answer = await api.get("/api/v1/localities")
        [counted] = [row["count"] for row in answer.body["items"] if row["locality"] == "Sector 78"]
        assert counted == number


async def test_a_refused_search_is_not_kept(api: Api, catalogue: Catalogue, search: AsyncOpenSearch):
    await search.indices.close(index=catalogue.generation)
    assert (await api.post(GUIDED, {})).status == 503
    await search.indices.open(index=catalogue.generation, params={"wait_for_active_shards": "1"})
    assert (await api.post(GUIDED, {})).status == 200


async def test_who_leaves_does_not_take_the_answer_along(api: Api, catalogue: Catalogue, cache: Redis):
    await catalogue.store(home())
    waiting = [asyncio.create_task(api.guided(sort="deal")) for _ in range(20)]
    assert api.context is not None
    await until(lambda: api.context.searches_in_flight, "a search is on its way", pause_s=0)
    waiting[0].cancel()
    rest = await asyncio.gather(*waiting[1:])
    assert {answer["total"] for answer in rest} == {1}


async def test_without_redis_answers_are_right_and_soon(settings: Settings, catalogue: Catalogue):
    nowhere = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with served(nowhere, "without_redis") as api:
        for number in (1, 2):
            await catalogue.store(home())
            assert (await api.guided())["total"] == number


@pytest.fixture
async def cacheless(settings: Settings) -> AsyncIterator[Api]:
    """The API without an answer cache, as during constant changes or with Redis away."""
    async with served(settings.model_copy(update={"search_cache": False}), "cacheless") as api:
        yield api


async def test_without_kept_answers_hundreds_at_once_ask_the_engine_a_few_times(
    cacheless: Api, catalogue: Catalogue
):
    await catalogue.store(*(home() for _ in range(5)))
    before = await engine_calls(catalogue)
    await cacheless.guided(bhk=3, sort="newest")
    one = await engine_calls(catalogue) - before
    answers = await asyncio.gather(*(cacheless.guided(bhk=3, sort="price_asc") for _ in range(300)))
    assert {answer["total"] for answer in answers} == {5}
    assert await engine_calls(catalogue) - before < 50 * one


@dataclass
class Asked:
    """An engine that answers when the test says so."""

    begun: list[asyncio.Event] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    async def find(self) -> dict[str, int]:
        self.begun.append(asyncio.Event())
        number = len(self.begun)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await self.begun[-1].wait()
        self._at_once -= 1
        if number == 2:
            raise SearchUnavailable("away")
        return {"total": number}


async def test_without_kept_answers_the_next_question_is_shared_by_all_who_came_before_it(cacheless: Api):
    asked, context, wanted = Asked(), cacheless.context, GuidedRequest(sort=Sort.DEAL)
    assert context is not None

    def visit() -> asyncio.Task[Answer]:
        return asyncio.create_task(cached_or_searched(context, SearchKind.GUIDED, wanted, asked.find))

    first = [visit()]
    await until(lambda: len(asked.begun) == 1, "the first is asked")
    second = [visit() for _ in range(20)]
    await asyncio.sleep(0.05)
    assert len(asked.begun) == 1
    second[0].cancel()
    asked.begun[0].set()
    await until(lambda: len(asked.begun) == 2, "the second is asked")
    third = [visit() for _ in range(20)]
    assert [await each for each in first] == [(b'{"total":1}', 1)]
    asked.begun[1].set()
    failed = await asyncio.gather(*second[1:], return_exceptions=True)
    assert {type(each) for each in failed} == {SearchUnavailable}
    await until(lambda: len(asked.begun) == 3, "the third is asked")
    asked.begun[2].set()
    assert set(await asyncio.gather(*third)) == {(b'{"total":3}', 3)}
    assert asked.most_at_once == 1
    await until(lambda: not context.searches_in_flight, "nothing is left behind")


async def test_visitors_never_see_time_run_backwards_without_kept_answers_either(
    cacheless: Api, catalogue: Catalogue
):
    seen: list[int] = []

    async def visit() -> None:
        while len(seen) < 200:
            known = max(seen, default=0)
            total = (await cacheless.guided())["total"]
            assert total >= known
            seen.append(total)

    async def change() -> None:
        while len(seen) < 200:
            await catalogue.store(home())

    await asyncio.gather(change(), *(visit() for _ in range(8)))


@pytest.mark.parametrize("answer", [(b'{"total":7}', 7), (b'{"text":"a\\nb"}', 0), (b"{}\n", 1)])
def test_an_answer_is_kept_with_its_count(answer: Answer):
    assert unpacked(packed(answer)) == answer


def test_an_answer_of_another_shape_is_kept_under_another_key(monkeypatch: pytest.MonkeyPatch):
    class Newer(Suggest):
        more: int

    assert schema_digest(Suggest) == SCHEMA_DIGESTS[SearchKind.SUGGEST] != schema_digest(Newer)
    wanted = SuggestRequest(q="sector")
    before = cache_key(SearchKind.SUGGEST, wanted)
    monkeypatch.setitem(SCHEMA_DIGESTS, SearchKind.SUGGEST, schema_digest(Newer))
    assert cache_key(SearchKind.SUGGEST, wanted) != before


async def test_while_changes_become_searchable_every_search_asks_the_engine(
    api: Api, catalogue: Catalogue, cache: Redis
):
    await catalogue.store(home())
    await api.guided()
    async with SearchCacheEpoch(cache, catalogue.alias).invalidating():
        before = await engine_calls(catalogue)
        await api.guided()
        assert await engine_calls(catalogue) > before
