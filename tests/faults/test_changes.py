"""Difficult changes for a drain: poisoned rows, lost notifications, and late commits."""

import asyncio

import pytest
from sqlalchemy import insert

from schemas.tables import Property
from tests.factories import home, store
from tests.faults.harness.proxy import DropReply
from tests.faults.harness.world import SLOWNESS, World
from tests.indexer.agreement import plain_sql, store_many, titles
from tests.waiting import until

LISTED_S = 5.0
"""Seconds by which a poisoned row may delay other changes, from 7-reliability.md."""


async def test_poison_among_a_thousand_keeps_nobody_back(served: World):
    await store_many(served.engine, 1_000)
    unrenderable, unindexable = await store(
        served.engine, home("Infinite", listed_at="infinity"), home("Immense", society="x" * 40_000)
    )
    await served.indexer().says("indexer started")
    await served.converges(within_s=LISTED_S)
    found = {key: error for key, (_, error, _) in (await served.letters()).items()}
    assert found == {str(unrenderable): "OverflowError", str(unindexable): "illegal_argument_exception"}
    await plain_sql(served.engine, "UPDATE properties SET society = 'Short', listed_at = now() WHERE bhk = 3")
    await served.converges(within_s=LISTED_S)
    assert await served.letters() == {}


async def test_a_listener_that_hears_nothing_is_level_by_looking(served: World, seed: int):
    await served.proxies.postgres.fail(DropReply(to=b"LISTEN", silently=True))
    served.indexer()
    writer = served.writer(seed)
    for _ in range(3):
        await writer.write(3)
        await served.converges(within_s=10)  # it polls every second; 10 s allow for a busy machine


@pytest.mark.parametrize("seconds", [1.0, pytest.param(10.0, marks=pytest.mark.faults)])
async def test_what_is_committed_late_is_indexed_though_younger_changes_went_first(
    served: World, seconds: float
):
    served.indexer()
    async with served.engine.begin() as late:
        await late.execute(insert(Property).values(**home("Late")))
        await store(served.engine, home("Early"))
        await until(lambda: is_found(served, "Early"), "the early one is found", seconds=LISTED_S * SLOWNESS)
        await asyncio.sleep(seconds)
    await until(lambda: is_found(served, "Early", "Late"), "both are found", seconds=LISTED_S * SLOWNESS)
    await served.converges()


async def is_found(world: World, *expected: str) -> bool:
    return await titles(world.search, world.alias) == set(expected)
