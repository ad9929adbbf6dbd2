"""Workers as processes: stopped, killed, run twice, run late, and with a Redis that loses its data."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas.settings import Settings
from stores.views import View, ViewCounts
from tasks.jobs import JOBS
from tasks.market import compare_prices
from tasks.market.passes import LOCK_PASS
from tasks.scheduling.queue import Queue
from tasks.scores import score_waiting
from tests.factories import home, store
from tests.journeys.conftest import STARTED, STOPPING, Product
from tests.processes import Program


@pytest.fixture
async def workers(product: Product, settings: Settings, cache: Redis) -> Product:
    """A product with an empty Redis."""
    await cache.flushdb()
    product.environment["QUEUE_SECRET"] = settings.queue_secret.get_secret_value()
    return product


def work(workers: Product, *options: str) -> Program:
    return workers.start("server.cli", "worker", *options)


async def ask(engine: AsyncEngine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def answered(
    worker: Program, engine: AsyncEngine, question: str, wanted: list[tuple[Any, ...]]
) -> None:
    """Wait until the worker has changed the database so that the query returns these rows."""
    found: list[tuple[Any, ...]] = []

    async def is_answered() -> bool:
        nonlocal found
        found = await ask(engine, question)
        return found == wanted

    await worker.until(is_answered, lambda: f"{question}: {wanted}, not {found}")


@asynccontextmanager
async def market_pass_held_up(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Hold the lock of the market pass, so that every pass waits."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(LOCK_PASS)
        try:
            yield connection
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))


PASS = "SELECT state, attempts FROM job_runs WHERE job = 'compare_prices'"
COMPARED = "SELECT count(*) FROM property_market WHERE label IS NOT NULL"


async def store_nine(engine: AsyncEngine) -> None:
    """Store scored homes; otherwise a worker scores them during a market pass, which then skips them."""
    await store(engine, *[home()] * 9)
    await score_waiting(engine)


async def test_a_worker_that_is_told_to_stop_ends_what_it_is_at(workers: Product, engine: AsyncEngine):
    await store_nine(engine)
    async with market_pass_held_up(engine):
        worker = work(workers)
        await answered(worker, engine, PASS, [("running", 1)])
        worker.send(signal.SIGTERM)
        await worker.says(STOPPING)
        assert not worker.has_ended
        assert await ask(engine, PASS) == [("running", 1)]
    assert await worker.ends() == 0
    assert await ask(engine, PASS) == [("done", 1)]
    assert await ask(engine, COMPARED) == [(9,)]


async def test_a_run_whose_worker_was_killed_is_made_good_though_redis_forgot_it_too(
    workers: Product, engine: AsyncEngine, cache: Redis
):
    await store_nine(engine)
    async with market_pass_held_up(engine):
        first = work(workers)
        await answered(first, engine, PASS, [("running", 1)])
        first.kill()
        await cache.flushdb()
    assert await ask(engine, COMPARED) == [(0,)]
    async with engine.begin() as connection:  # simulate a minute without a heartbeat
        await connection.execute(
            text("UPDATE job_runs SET heartbeat_at = heartbeat_at - interval '1 minute'")
        )
    second = work(workers)
    await answered(second, engine, PASS, [("done", 2)])
    assert await ask(engine, COMPARED) == [(9,)]
    assert await second.stop() == 0


async def test_two_schedulers_make_up_for_what_was_missed_once_and_leave_nothing_behind(
    workers: Product, engine: AsyncEngine, cache: Redis
):
    [listing] = await store(engine, home(expires_at="2026-01-01T00:00:00Z"))
    await ViewCounts(cache).count([View(str(listing), visitor) for visitor in "abc"])
    both = [work(workers), work(workers)]
    regular = len([job for job in JOBS if job.name != "warm_cache_after_promotion"])
    done = "SELECT count(DISTINCT job) FROM job_runs WHERE state = 'done'"
    await answered(both[0], engine, done, [(regular,)])
    assert await ask(engine, "SELECT state, view_count FROM properties") == [("expired", 3)]
    for worker in both:
        await worker.says(STARTED)
    await ViewCounts(cache).count([View(str(listing), visitor) for visitor in "de"])
    assert [await worker.stop() for worker in both] == [0, 0]
    assert await ask(engine, "SELECT view_count FROM properties") == [(5,)]
    [(rows, attempts)] = await ask(engine, "SELECT count(*), max(attempts) FROM job_runs")
    printed = "".join(worker.said for worker in both)
    assert (printed.count('"event":"job_done"'), attempts) == (rows, 1)


async def test_an_edited_price_has_its_label_back_with_the_next_look(
    workers: Product, engine: AsyncEngine, settings: Settings
):
    await store(engine, *[home(price=10_000 * 1_500)] * 9, home("subject", price=9_000 * 1_500))
    await compare_prices(engine)
    worker = work(workers)
    await answered(worker, engine, PASS, [("done", 1)])
    shown = (
        "SELECT label, reason FROM property_market JOIN properties ON id = property_id"
        " WHERE title = 'subject'"
    )
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE properties SET price = price * 4 / 3 WHERE title = 'subject'"))
        assert tuple((await connection.execute(text(shown))).one()) == (None, "recalculating")
    # Simulate the next period, which comes every half minute.
    forget = "UPDATE job_runs SET period = period - interval '1 minute' WHERE job = 'compare_withdrawn'"
    async with engine.begin() as connection:
        await connection.execute(text(forget))
    Queue(settings).catch_up()
    await answered(worker, engine, shown, [("high", None)])
    assert await worker.stop() == 0
