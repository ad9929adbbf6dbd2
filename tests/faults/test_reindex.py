"""A reindex is killed at any step during writes: searches never notice, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.harness.watcher import watching
from tests.faults.harness.world import KILLED, World
from tests.faults.harness.writers import Writer
from tests.indexer.agreement import store_many

STEPS = (
    "after-index",
    "after-register",
    "after-create",
    "mid-fill",
    "after-page",
    "after-fill",
    "after-merge",
    "after-verify",
    "after-alias",
    "after-promote",
)


@asynccontextmanager
async def written_meanwhile(world: World, seed: int, *, a_second: int) -> AsyncIterator[list[Writer]]:
    """Write at a steady rate during the block, as far as the machine can keep up."""
    is_over = asyncio.Event()
    writers = [world.writer(seed * 1_000 + number) for number in range(5)]
    pause_s = len(writers) / a_second
    tasks = [asyncio.create_task(writer.write_at(pause_s, until=is_over.is_set)) for writer in writers]
    try:
        yield writers
    finally:
        is_over.set()
        await asyncio.gather(*tasks)


async def in_order(world: World) -> None:
    """Fail unless every index has a generation in use and exactly one is live, behind the alias."""
    states = await world.generations()
    assert list(states.values()).count("live") == 1
    standing = {name for name, state in states.items() if state not in {"dropped", "failed"}}
    assert set(await world.indexes()) == standing
    assert [name for name, state in states.items() if state == "live"] == await world.served()


async def test_killed_at_every_step_it_is_gone_on_with(served: World, seed: int):
    await store_many(served.engine, 1_000)
    served.indexer()
    async with watching(served.search, served.alias), written_meanwhile(served, seed, a_second=30):
        for step in STEPS:
            killed = served.reindex(CRASH_AT=step)
            assert await killed.ends() == KILLED, (step, killed.said)
        await served.reindexed()
    await served.converges()
    await in_order(served)
    [before] = [name for name, state in (await served.generations()).items() if state == "retained"]
    await served.agrees(before)  # so a rollback would serve the same


async def test_killed_while_it_drops_what_it_does_not_go_on_with(served: World):
    await store_many(served.engine, 10)
    assert await served.reindex(CRASH_AT="after-fill").ends() == KILLED
    async with watching(served.search, served.alias):
        assert await served.reindex("--restart", CRASH_AT="mid-drop").ends() == KILLED
        await served.reindexed()
    await served.converges()
    await in_order(served)


async def test_a_rollback_under_writes_serves_what_the_other_served(served: World, seed: int):
    """Roll back and forth; if a rollback is killed, the next command completes it from the engine's state."""
    [first] = await served.served()
    served.indexer()
    async with watching(served.search, served.alias) as watch, written_meanwhile(served, seed, a_second=20):
        await served.reindexed()
        [second] = await served.served()
        assert await served.command("rollback") == 0
        assert await served.command("rollback", CRASH_AT="after-alias") == KILLED
        assert await served.command("rollback") == 0
    await served.converges()
    assert watch.targets == [first, second, first, second, first]
    assert await served.command("verify", "--deep") == 0
    await in_order(served)
    await served.agrees(second)


@pytest.mark.parametrize("rows", [2_000, pytest.param(50_000, marks=pytest.mark.faults)])
async def test_fifty_writes_a_second_meanwhile_are_in_the_new_generation(served: World, seed: int, rows: int):
    await store_many(served.engine, rows)
    served.indexer()
    async with watching(served.search, served.alias) as watch, written_meanwhile(served, seed, a_second=50):
        await asyncio.sleep(0.5)
        await served.reindexed()
    await served.converges()
    assert len(watch.targets) == 2
    await in_order(served)
