"""A drain that is killed anywhere, or has a twin, loses nothing and repeats nothing that shows."""

import asyncio

from tests.faults.world import KILLED, World

CRASH_POINTS = ("after-claim", "mid-bulk", "after-bulk", "before-commit", "after-settling")


async def test_killed_at_every_point_of_a_drain_the_next_one_goes_on(served: World, seed: int):
    """Each process dies at its point, and the next, which dies at the next point, has to make up for it."""
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
