"""The product's Redis client on the event loop of the API."""

import asyncio

import pytest
import uvloop
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from schemas.settings import Settings
from stores.cache import open_cache
from tests.faults.harness.proxy import BlackHole, Proxy


def test_a_connection_that_redis_has_closed_is_an_error_of_redis_on_any_loop(settings: Settings):
    """On uvloop this is a RuntimeError, which code that tolerates Redis outages does not expect."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lose_the_connection(settings))


async def lose_the_connection(settings: Settings) -> None:
    async with Proxy(settings.redis_url) as proxy:
        cache = open_cache(settings.model_copy(update={"redis_url": proxy.url}), patience_s=5)
        await cache.ping()
        proxy.reset_connections()
        await asyncio.sleep(0.05)
        with pytest.raises(RedisError):
            await cache.ping()
        assert await cache.ping()
        await cache.aclose()


async def test_a_task_that_is_cancelled_as_its_write_ends_goes_no_further(settings: Settings):
    """Python 3.11's `wait_for` loses a cancellation that arrives at that moment."""
    cache = open_cache(settings)
    await cache.ping()
    connection = await cache.connection_pool.get_connection()
    drain = connection._writer.drain

    async def drain_and_be_cancelled() -> None:
        await drain()
        asyncio.get_running_loop().call_soon(task.cancel)

    connection._writer.drain = drain_and_be_cancelled
    await cache.connection_pool.release(connection)
    task = asyncio.create_task(cache.ping())
    await asyncio.wait({task}, timeout=30)
    assert task.cancelled()
    assert await cache.ping()  # a new connection, because the reply on the old one was never read
    await cache.aclose()


async def test_a_redis_that_does_not_answer_is_given_up(settings: Settings):
    async with Proxy(settings.redis_url) as proxy:
        impatient = settings.model_copy(update={"redis_url": proxy.url, "redis_timeout_s": 0.2})
        cache = open_cache(impatient)
        await cache.ping()
        async with proxy.failing(BlackHole()):
            with pytest.raises(RedisTimeout, match=r"did not answer within 0\.2 s"):
                await cache.ping()
        assert await cache.ping()
        await cache.aclose()
