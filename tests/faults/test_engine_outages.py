"""The engine is killed, blocked, slow, cut off or refuses items: drains wait, then catch up."""

import asyncio
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest

from indexer.changes.bulk import BulkBody, BulkResult, pack, send
from indexer.changes.documents import read_documents
from tests.factories import home, store
from tests.faults.harness.fussy_engine import Broken, Document, Verdict, fussy_engine
from tests.faults.harness.proxy import BlackHole, Delay, DropReply, Mode, Refuse, Reset
from tests.faults.harness.world import KILLED, World
from tests.indexer.agreement import plain_sql, store_many, titles
from tests.waiting import until

Judge = Callable[[Document], Verdict]
REFUSED = 3
GIVEN_UP_S = 15.0
"""Seconds until a generation that accepts no writes is given up and its delayed changes are written
without it."""
AFTER_HEALING_S = 30.0
"""Seconds for a thousand changes, from 7-reliability.md; a drain waits at most ten seconds between
attempts."""


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Refuse(), 1.0),
        (Delay(0.4), 1.5),
        (Reset(after_bytes=3_000), 1.0),
        (DropReply(to=b"/_bulk", times=3), 1.0),
        pytest.param(DropReply(to=b"/_bulk"), 1.5, marks=pytest.mark.faults),
        pytest.param(BlackHole(), 12.0, marks=pytest.mark.faults),  # longer than a drain waits for an answer
        pytest.param(Refuse(), 30.0, marks=pytest.mark.faults),
    ],
    ids=str,
)
async def test_a_bad_way_to_the_engine_costs_time_and_nothing_else(
    served: World, seed: int, fault: Mode, seconds: float
):
    indexer = served.indexer()
    await indexer.says("indexer started")
    writer = served.writer(seed)
    await writer.write(10)
    async with served.proxies.opensearch.failing(fault):
        await asyncio.gather(writer.write(40, pause_s=0.01), asyncio.sleep(seconds))
    await served.converges(within_s=AFTER_HEALING_S)
    assert await served.letters() == {}
    assert not indexer.has_ended


async def test_an_engine_that_is_killed_comes_back_level_and_brings_nobody_back(served: World, seed: int):
    """The engine keeps the versions of deleted documents for only a minute, and not across a restart."""
    indexer, writer = served.indexer(), served.writer(seed)
    [doomed] = await store(served.engine, home("Doomed"))
    [late] = await body_of(served, doomed)
    await writer.write(30)
    await served.converges()
    await plain_sql(served.engine, "DELETE FROM properties WHERE title = 'Doomed'")
    await served.converges()

    restarting = asyncio.create_task(served.servers.opensearch.restart())
    await writer.write(100, pause_s=0.01)
    await restarting
    await served.converges(within_s=AFTER_HEALING_S)
    assert (await served.letters(), indexer.has_ended) == ({}, False)
    [index] = await served.served()
    assert await send(served.search, index, late) == BulkResult(superseded=1)
    await served.agrees()


async def body_of(world: World, key: UUID) -> list[BulkBody]:
    """Return the bulk bodies that a drain would send for the row now."""
    async with world.engine.connect() as connection:
        return list(pack((await read_documents(connection, [key])).documents))


async def test_a_full_disk_makes_changes_wait_and_nobody_is_blamed(served: World, seed: int):
    """The engine blocks writes itself if its disk is full, and lifts the block once there is space."""
    await store(served.engine, home("Before"))
    served.indexer()
    await served.converges()
    await block(served, is_blocked=True)
    await served.writer(seed).write(30)
    await asyncio.sleep(1)
    assert await titles(served.search, served.alias) == {"Before"}
    await block(served, is_blocked=None)
    await served.converges(within_s=60)
    assert await served.letters() == {}


async def block(world: World, *, is_blocked: bool | None) -> None:
    settings = {"index.blocks.read_only_allow_delete": is_blocked}
    await world.search.indices.put_settings(index=f"{world.alias}-*", body=settings)


async def test_items_that_the_engine_is_too_busy_for_are_sent_again_and_not_blamed(served: World):
    refusals: Counter[str] = Counter()

    def too_busy(document):
        """Refuse every fiftieth document four times."""
        key = document["id"]
        if document["price"] % 50 or refusals[key] == 4:
            return None
        refusals[key] += 1
        return 429, "rejected_execution_exception"

    await store_many(served.engine, 500)
    async with fussy_engine(served.servers.opensearch.url, too_busy) as url:
        served.indexer(OPENSEARCH_URL=url)
        await served.converges(within_s=AFTER_HEALING_S)
    assert await served.letters() == {}
    assert len(refusals) == 10


async def test_a_refusal_and_a_busy_moment_in_one_bulk_are_each_taken_for_what_they_say(served: World):
    busy = {5_000_002}

    def judge(document):
        if document["price"] in busy:
            busy.clear()  # the whole batch is sent again
            return 429, "circuit_breaking_exception"
        return (400, "mapper_parsing_exception") if document["price"] == 5_000_001 else None

    await store_many(served.engine, 20)
    async with fussy_engine(served.servers.opensearch.url, judge) as url:
        served.indexer(OPENSEARCH_URL=url)
        await served.converges(within_s=AFTER_HEALING_S)
    [(_, error, attempts)] = (await served.letters()).values()
    assert (error, attempts, busy) == ("mapper_parsing_exception", 1, set())


def failing_items(*, at: str) -> Judge:
    return lambda document: (500, "null_pointer_exception") if at in document["title"] else None


def failing_requests(*, at: str) -> Judge:
    def judge(document):
        if at in document["title"]:
            raise Broken

    return judge


@pytest.mark.parametrize("failing", [failing_items, failing_requests])
@pytest.mark.parametrize("rows", [1, 20])
async def test_a_document_that_alone_makes_the_engine_fail_is_a_dead_letter(
    served: World, failing: Callable[..., Judge], rows: int
):
    """The document may come alone or with others, and there may be two such documents."""
    await store(served.engine, home("Before"))
    async with fussy_engine(served.servers.opensearch.url, failing(at="Poison")) as url:
        indexer = served.indexer(OPENSEARCH_URL=url)
        await served.converges()
        poisons = await store(
            served.engine, *(home(f"Good {number}") for number in range(1, rows)), home("Poison")
        )
        await until(served.is_up_to_date, served.what_waits)
        poisons = [*poisons[-1:], *await store(served.engine, home("Poison too"), home("Last"))][:2]
        await until(served.is_up_to_date, served.what_waits)
    assert set(await served.letters()) == {str(key) for key in poisons}
    good = {f"Good {number}" for number in range(1, rows)}
    assert await titles(served.search, served.alias) == {"Before", "Last"} | good
    assert not indexer.has_ended


async def test_an_engine_that_fails_at_everything_blames_nobody(served: World):
    is_ill = False
    asked = Counter[str]()

    def judge(document):
        asked[document["title"]] += 1
        return (500, "io_exception") if is_ill else None

    async with fussy_engine(served.servers.opensearch.url, judge) as url:
        served.indexer(OPENSEARCH_URL=url)
        await store(served.engine, home("Before"))
        await served.converges()
        is_ill = True
        await store(served.engine, home("Suspect"))
        await until(lambda: asked["Before"] > 3, lambda: asked)  # once beside the suspect, then again
        assert await served.letters() == {}
        is_ill = False
        await served.converges(within_s=AFTER_HEALING_S)
    assert await served.letters() == {}


async def test_a_document_at_which_only_another_generation_fails_is_a_dead_letter_too(served: World):
    """The other generation is still being built."""
    await store_many(served.engine, 20)
    assert await served.reindex(CRASH_AT="after-create").ends() == KILLED
    [other] = [name for name, state in (await served.generations()).items() if state == "building"]

    def fails_at_one(index: str, documents: int) -> float:
        if index == other and documents == 1:
            raise Broken
        return 0.0

    async with fussy_engine(served.servers.opensearch.url, pause_s=fails_at_one) as url:
        served.indexer(OPENSEARCH_URL=url)
        await served.converges()
        [poison] = await store(served.engine, home("Poison"))
        await until(served.is_up_to_date, served.what_waits)
    assert set(await served.letters()) == {str(poison)}
    assert (await served.generations())[other] == "building"


@pytest.mark.parametrize("state", ["building", "retained"])
@pytest.mark.parametrize("fault", ["slow", "refuses", "gone"])
async def test_only_the_live_generation_holds_changes_back(served: World, seed: int, state: str, fault: str):
    [live] = await served.served()
    if state == "retained":
        await served.reindexed()
        other, [live] = live, await served.served()
    else:
        assert await served.reindex(CRASH_AT="after-create").ends() == KILLED
        [other] = [name for name, now in (await served.generations()).items() if now == "building"]

    def pause_s(index: str, _documents: int) -> float:
        return 60.0 if (index, fault) == (other, "slow") else 0.0

    if fault == "refuses":
        settings = {"index.blocks.write": True}
        await served.search.indices.put_settings(index=other, body=settings)
    if fault == "gone":
        await served.search.indices.delete(index=other)
    async with fussy_engine(served.servers.opensearch.url, pause_s=pause_s) as url:
        served.indexer(OPENSEARCH_URL=url)
        await served.writer(seed).write(30)
        await served.converges(within_s=GIVEN_UP_S)
    ended = "stale" if state == "retained" else "failed"
    assert await served.generations() == {live: "live", other: ended}
    assert await served.command("rollback") == REFUSED
    await served.reindexed()
    assert other not in await served.indexes()
    assert (await served.generations())[other] == "dropped"
