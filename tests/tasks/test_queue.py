"""The queue: what it carries, who may write to it, and what happens without Redis."""

import pickle
import time
from uuid import uuid4

import pytest
from huey.exceptions import HueyException
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tasks.queue import NAME, Queue
from tasks.retention import erase_expired
from tests.factories import home, inquiry, store, store_inquiries

QUEUE = f"huey.redis.{NAME}"


@pytest.fixture
async def queue(settings: Settings, cache: Redis) -> Queue:
    await cache.delete(QUEUE)
    return Queue(settings)


async def test_a_task_carries_an_id_and_nothing_else(queue: Queue, cache: Redis):
    job_id = uuid4()
    await queue.ask_for_import(job_id)
    [message] = await cache.lrange(QUEUE, 0, -1)
    task = queue.huey.deserialize_task(message)
    assert (task.args, task.kwargs) == ((str(job_id),), {})


async def test_what_others_write_into_redis_is_never_run(queue: Queue, cache: Redis):
    await cache.lpush(QUEUE, pickle.dumps(("evil",)))
    with pytest.raises((ValueError, HueyException)):
        queue.huey.deserialize_task(await cache.rpop(QUEUE))


async def test_without_redis_nobody_waits_and_nothing_fails(settings: Settings):
    away = Queue(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    began = time.perf_counter()
    await away.ask_for_import(uuid4())
    assert time.perf_counter() - began < 2


def test_the_jobs_that_run_by_themselves(queue: Queue):
    scheduled = {task.name.rpartition(".")[2] for task in queue.huey._registry.periodic_tasks}
    assert scheduled == {"import_waiting", "erase_expired"}


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
