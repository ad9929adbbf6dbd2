"""Workers as processes of their own: stopped, killed, twice at once, late, and with a Redis that forgets."""

import asyncio
import os
import signal
import subprocess
import time
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
from tasks.market import TAKE_TURNS, compare_prices
from tasks.queue import WORKERS, Queue
from tests.factories import home, store
from tests.journeys.conftest import Product

PATIENCE_S = 60


@pytest.fixture
async def workers(product: Product, settings: Settings, cache: Redis) -> Product:
    """A product with a Redis that holds nothing of an earlier test."""
    await cache.flushdb()
    product.environment["QUEUE_SECRET"] = settings.queue_secret.get_secret_value()
    return product


def work(workers: Product, *options: str) -> subprocess.Popen[bytes]:
    return workers.start("server.cli", "worker", *options)


async def ask(engine: AsyncEngine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def until(engine: AsyncEngine, question: str, wanted: list[tuple[Any, ...]], **values: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := await ask(engine, question, **values)) != wanted:
        assert time.monotonic() < deadline, f"{question}: {found}"
        await asyncio.sleep(0.1)


async def stop(process: subprocess.Popen[bytes], signum: signal.Signals = signal.SIGTERM) -> int:
    os.kill(process.pid, signum)
    return await asyncio.to_thread(process.wait, PATIENCE_S)


@asynccontextmanager
async def market_pass_held_up(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Every market pass waits for this one to end."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(TAKE_TURNS)
        try:
            yield connection
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))


PASS = "SELECT state, attempts FROM job_runs WHERE job = 'compare_prices'"
COMPARED = "SELECT count(*) FROM property_market WHERE label IS NOT NULL"


async def test_a_worker_that_is_told_to_stop_ends_what_it_is_at(workers: Product, engine: AsyncEngine):
    await store(engine, *[home()] * 9)
    async with market_pass_held_up(engine):
        worker = work(workers)
        await until(engine, PASS, [("running", 1)])
        os.kill(worker.pid, signal.SIGTERM)
        await asyncio.sleep(1)
        assert worker.poll() is None
        assert await ask(engine, PASS) == [("running", 1)]
    assert await asyncio.to_thread(worker.wait, PATIENCE_S) == 0
    assert await ask(engine, PASS) == [("done", 1)]
    assert await ask(engine, COMPARED) == [(9,)]


async def test_a_run_whose_worker_was_killed_is_made_good_though_redis_forgot_it_too(
    workers: Product, engine: AsyncEngine, cache: Redis
):
    await store(engine, *[home()] * 9)
    async with market_pass_held_up(engine):
        first = work(workers)
        await until(engine, PASS, [("running", 1)])
        await stop(first, signal.SIGKILL)
        await cache.flushdb()
    assert await ask(engine, COMPARED) == [(0,)]
    async with engine.begin() as connection:  # a minute later
        await connection.execute(
            text("UPDATE job_runs SET heartbeat_at = heartbeat_at - interval '1 minute'")
        )
    second = work(workers)
    await until(engine, PASS, [("done", 2)])
    assert await ask(engine, COMPARED) == [(9,)]
    assert await stop(second) == 0


async def ready(cache: Redis, count: int) -> None:
    """Until so many workers wait for tasks, each by several threads."""
    deadline = time.monotonic() + PATIENCE_S
    while sum(client["cmd"] == "brpop" for client in await cache.client_list()) < count * WORKERS // 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_two_schedulers_make_up_for_what_was_missed_once_and_leave_nothing_behind(
    workers: Product, engine: AsyncEngine, cache: Redis
):
    [listing] = await store(engine, home(expires_at="2026-01-01T00:00:00Z"))
    await ViewCounts(cache).count([View(str(listing), visitor) for visitor in "abc"])
    both = [work(workers), work(workers)]
    regular = len([job for job in JOBS if job.name != "warm_cache_after_promotion"])
    await until(engine, "SELECT count(DISTINCT job) FROM job_runs WHERE state = 'done'", [(regular,)])
    assert await ask(engine, "SELECT state, view_count FROM properties") == [("expired", 3)]
    await ready(cache, 2)
    await ViewCounts(cache).count([View(str(listing), visitor) for visitor in "de"])
    assert [await stop(worker) for worker in both] == [0, 0]
    assert await ask(engine, "SELECT view_count FROM properties") == [(5,)]
    [(rows, attempts)] = await ask(engine, "SELECT count(*), max(attempts) FROM job_runs")
    printed = b"".join(worker.stdout.read() for worker in both if worker.stdout is not None)
    assert (printed.count(b'"event":"job_done"'), attempts) == (rows, 1)


async def test_an_edited_price_has_its_label_back_with_the_next_look(
    workers: Product, engine: AsyncEngine, settings: Settings
):
    await store(engine, *[home(price=10_000 * 1_500)] * 9, home("subject", price=9_000 * 1_500))
    await compare_prices(engine)
    worker = work(workers)
    await until(engine, PASS, [("done", 1)])
    shown = (
        "SELECT label, reason FROM property_market JOIN properties ON id = property_id"
        " WHERE title = 'subject'"
    )
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE properties SET price = price * 4 / 3 WHERE title = 'subject'"))
        assert tuple((await connection.execute(text(shown))).one()) == (None, "recalculating")
    # What the clock does every half minute.
    forget = "UPDATE job_runs SET period = period - interval '1 minute' WHERE job = 'compare_withdrawn'"
    async with engine.begin() as connection:
        await connection.execute(text(forget))
    Queue(settings).catch_up()
    await until(engine, shown, [("high", None)])
    assert await stop(worker) == 0
