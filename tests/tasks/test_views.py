"""Views are counted in Redis and moved to Postgres; none is counted twice, even after a kill."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from services.analytics.views import count_batch
from stores.views import BATCH, CLOSED, OPEN, View, ViewCounts
from tasks.views import count_batches, flush_views
from tests.factories import home, store


@pytest.fixture
async def counts(cache: Redis) -> ViewCounts:
    await forget_views(cache)
    return ViewCounts(cache)


async def forget_views(cache: Redis) -> None:
    async for key in cache.scan_iter(match="views:*"):
        await cache.delete(key)


def views(ids: Sequence[UUID], *visitors: str) -> list[View]:
    return [View(str(key), visitor) for key in ids for visitor in visitors]


async def counted(engine: AsyncEngine) -> list[int]:
    question = "SELECT view_count FROM properties ORDER BY created_at, id"
    async with engine.connect() as connection:
        return [row.view_count for row in await connection.execute(text(question))]


async def test_a_visit_counts_once_on_each_property(counts: ViewCounts, engine: AsyncEngine):
    ids = await store(engine, home(), home())
    assert await counts.count(views(ids, "a", "b")) == [True] * 4
    assert await counts.count(views(ids, "b", "c")) == [False, True, False, True]
    assert await count_batches(engine, counts) == 6
    assert await counted(engine) == [3, 3]


async def test_half_an_hour_later_a_visit_counts_again(counts: ViewCounts, cache: Redis):
    [view] = views([uuid4()], "a")
    await counts.count([view])
    [seen] = [key async for key in cache.scan_iter(match="views:*seen*")]
    assert 1_790 <= await cache.ttl(seen) <= 1_800
    await cache.delete(seen)
    assert await counts.count([view]) == [True]


async def test_what_was_taken_is_gone_and_later_views_are_added(
    counts: ViewCounts, engine: AsyncEngine, cache: Redis, settings: Settings
):
    ids = await store(engine, home())
    await counts.count(views(ids, "a"))
    assert (await flush_views(engine, settings), await flush_views(engine, settings)) == (1, 0)
    assert await cache.exists(OPEN, CLOSED) == 0
    await counts.count(views(ids, "b", "c"))
    assert await flush_views(engine, settings) == 2
    assert await counted(engine) == [3]


async def test_counting_is_nobodys_edit_and_owes_the_index_nothing(counts: ViewCounts, engine: AsyncEngine):
    ids = await store(engine, home())
    rows = text("SELECT revision, version, updated_at FROM properties")
    owed = text("SELECT count(*) FROM search_outbox")
    async with engine.connect() as connection:
        before = [(await connection.execute(rows)).all(), await connection.scalar(owed)]
    await counts.count(views(ids, "a"))
    await count_batches(engine, counts)
    async with engine.connect() as connection:
        assert [(await connection.execute(rows)).all(), await connection.scalar(owed)] == before


async def test_who_is_killed_after_the_commit_has_counted(counts: ViewCounts, engine: AsyncEngine):
    ids = await store(engine, home())
    await counts.count(views(ids, "a", "b"))
    [token] = await counts.batches()
    async with AsyncSession(engine) as session, session.begin():
        assert await count_batch(session, token, await counts.read(token))
    assert await count_batches(engine, counts) == 0  # another worker finds the batch that was not deleted
    assert await counted(engine) == [2]


async def test_who_is_killed_before_the_commit_has_not_counted(counts: ViewCounts, engine: AsyncEngine):
    ids = await store(engine, home())
    await counts.count(views(ids, "a", "b"))
    [token] = await counts.batches()
    async with AsyncSession(engine) as session:
        await count_batch(session, token, await counts.read(token))
        await session.rollback()
    await counts.count(views(ids, "c"))
    assert await count_batches(engine, counts) == 3
    assert await counted(engine) == [3]


async def test_a_redis_that_comes_back_with_an_older_memory_counts_nothing_again(
    counts: ViewCounts, engine: AsyncEngine, cache: Redis
):
    ids = await store(engine, home())
    await counts.count(views(ids, "a", "b"))
    memory = await cache.dump(OPEN)
    await count_batches(engine, counts)
    await cache.restore(OPEN, 0, memory)
    assert await count_batches(engine, counts) == 0
    assert await counted(engine) == [2]


async def test_a_redis_that_forgot_everything_costs_views_and_nothing_else(
    counts: ViewCounts, engine: AsyncEngine, cache: Redis
):
    ids = await store(engine, home())
    await counts.count(views(ids, "a", "b"))
    await counts.batches()
    await forget_views(cache)
    assert await count_batches(engine, counts) == 0
    await counts.count(views(ids, "a"))
    assert await count_batches(engine, counts) == 1
    assert await counted(engine) == [1]


async def test_a_batch_holds_so_many_properties_at_most(cache: Redis, engine: AsyncEngine):
    await forget_views(cache)
    few = ViewCounts(cache, most_properties=2)
    ids = await store(engine, *[home()] * 5)
    await few.count(views(ids, "a", "b"))
    tokens = await few.batches()
    sizes = sorted([len(await few.read(token)) for token in tokens])
    assert (sum(sizes) >= 5, max(sizes) <= 2) == (True, True)
    assert await count_batches(engine, few) == 10
    assert await counted(engine) == [2] * 5


async def test_views_of_a_property_that_is_gone_are_nobodys(counts: ViewCounts, engine: AsyncEngine):
    [key] = await store(engine, home())
    await counts.count(views([key, uuid4()], "a"))
    assert await count_batches(engine, counts) == 2
    assert await counted(engine) == [1]


async def test_a_batch_that_another_forgets_meanwhile_is_passed_over(
    counts: ViewCounts, engine: AsyncEngine, cache: Redis
):
    await counts.count(views([uuid4()], "a"))
    [token] = await counts.batches()
    await cache.delete(f"{BATCH}{token}")
    assert await count_batches(engine, counts) == 0
    assert await cache.exists(CLOSED) == 0


async def test_without_redis_there_is_nothing_to_take(engine: AsyncEngine, settings: Settings):
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    assert await flush_views(engine, away) == 0
