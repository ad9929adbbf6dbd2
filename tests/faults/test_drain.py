"""A drain that is killed at any point, or runs beside another, loses nothing and shows nothing twice."""

import asyncio

from tests.faults.harness.world import KILLED, World

CRASH_POINTS = ("after-claim", "mid-bulk", "after-bulk", "before-commit", "after-settling")


async def test_killed_at_every_point_of_a_drain_the_next_one_goes_on(served: World, seed: int):
    """Each process crashes at its own point; the next one must finish its work before it crashes itself."""
    writer = served.writer(seed)
    for point in CRASH_POINTS:
        await writer.write(20)
        killed = served.indexer(CRASH_AT=point)
        assert await killed.ends() == KILLED, killed.said
    served.indexer()
    await served.converges()


async def test_of_two_drains_one_is_killed_under_load(served: World, seed: int):
    is_over = asyncio.Event()
    writers = [served.writer(seed * 1_000 + number) for number in range(4)]
    writing = [asyncio.create_task(writer.write_at(0.005, until=is_over.is_set)) for writer in writers]
    doomed, other = served.indexer(CRASH_AT="after-bulk:5"), served.indexer()
    assert await doomed.ends() == KILLED, doomed.said
    await asyncio.sleep(0.5)
    assert not other.has_ended
    is_over.set()
    await asyncio.gather(*writing)
    await served.converges()
