"""The queue: its messages, who may write to it, and its behavior without Redis."""

import asyncio
import pickle
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from huey.exceptions import HueyException
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tasks.jobs import JOBS
from tasks.retention import erase_expired
from tasks.scheduling.queue import NAME, POP_S, Queue
from tests.factories import home, inquiry, store, store_inquiries
from tests.waiting import until

QUEUE = f"huey.redis.{NAME}"


@pytest.fixture
async def queue(settings: Settings, cache: Redis) -> Queue:
    await cache.delete(QUEUE)
    return Queue(settings)


async def test_a_task_carries_an_id_and_nothing_else(queue: Queue, cache: Redis):
    job_id = uuid4()
    await queue.enqueue_import(job_id)
    [message] = await cache.lrange(QUEUE, 0, -1)
    task = queue.huey.deserialize_task(message)
    assert (task.args, task.kwargs) == ((str(job_id),), {})


async def test_what_others_write_into_redis_is_never_run(queue: Queue, cache: Redis):
    await cache.lpush(QUEUE, pickle.dumps(("evil",)))
    with pytest.raises((ValueError, HueyException)):
        queue.huey.deserialize_task(await cache.rpop(QUEUE))


async def test_without_redis_nothing_fails(settings: Settings):
    away = Queue(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    await away.enqueue_import(uuid4())


async def test_a_redis_that_says_nothing_is_given_up_at_once_and_never_asked_again(settings: Settings):
    calls: list[str] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append("begun")
        await reader.read()  # until the client disconnects
        calls.append("given up")
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as hole:
        port = hole.sockets[0].getsockname()[1]
        silent = Queue(settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"}))
        thread = asyncio.create_task(asyncio.to_thread(silent._import_upload, str(uuid4())))
        await silent.enqueue_import(uuid4())
        assert not thread.done()  # a request times out earlier than a thread
        with pytest.raises(RedisError):
            await thread
        await until(lambda: calls.count("given up") == 2, "both have hung up")
    assert calls.count("begun") == 2


async def test_the_options_of_the_url_are_kept(settings: Settings, queue: Queue, cache: Redis):
    named = Queue(settings.model_copy(update={"redis_url": f"{settings.redis_url}?client_name=nudging"}))
    await named.enqueue_import(uuid4())
    assert await cache.llen(QUEUE) == 1
    assert "nudging" in {client["name"] for client in await cache.client_list()}
    assert named.huey.storage.pool.connection_kwargs["socket_timeout"] > POP_S


def test_one_task_runs_by_itself_and_looks_for_all_that_is_due(queue: Queue):
    scheduled = {task.name.rpartition(".")[2] for task in queue.huey._registry.periodic_tasks}
    assert scheduled == {"tick"}


async def test_a_tick_looks_at_once_and_again_half_a_minute_later(queue: Queue, cache: Redis):
    await asyncio.to_thread(queue._tick)
    asked = [queue.huey.deserialize_task(message) for message in await cache.lrange(QUEUE, 0, -1)]
    [later] = [task for task in asked if task.name.endswith("look")]
    assert 20 < (later.eta - datetime.now(UTC).replace(tzinfo=None)).total_seconds() <= 30
    regular = {job.name for job in JOBS} - {"warm_cache_after_promotion"}
    assert {task.args for task in asked if task is not later} == {(name,) for name in regular}


async def test_a_job_runs_by_its_name(queue: Queue, engine: AsyncEngine):
    for _ in range(2):
        await asyncio.to_thread(queue._run_named, "expire_listings")
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT job, state, attempts FROM job_runs"))).all() == [
            ("expire_listings", "done", 1)
        ]


def test_a_worker_may_leave_the_clock_to_others(queue: Queue):
    assert [queue.consumer(schedules=schedules).periodic for schedules in (True, False)] == [True, False]


def test_a_worker_starts_and_ends_without_its_stores(settings: Settings):
    away = {"redis_url": "redis://127.0.0.1:1/0", "database_url": "postgresql://127.0.0.1:1/x"}
    queue = Queue(settings.model_copy(update=away))
    queue.catch_up()
    queue.flush_before_exit()


async def test_leads_past_their_time_are_erased(engine: AsyncEngine, settings: Settings):
    [key] = await store(engine, home())
    await store_inquiries(engine, inquiry(key), inquiry(key, phone="+919812345679"))
    async with engine.begin() as connection:
        then = "now() - interval '2 years'"
        old = f"UPDATE inquiries SET created_at = {then}, updated_at = {then} WHERE phone LIKE '%9'"
        await connection.execute(text(old))
    purged = await erase_expired(engine, settings)
    assert purged.leads == 1
    async with engine.connect() as connection:
        phones = await connection.scalars(text("SELECT phone FROM inquiries ORDER BY phone"))
        assert [phone for phone in phones if phone] == ["+919812345678"]
