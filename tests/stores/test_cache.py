"""Redis by the client that we open, on the event loop that the API runs on."""

import asyncio

import pytest
import uvloop
from redis.exceptions import RedisError

from schemas.settings import Settings
from stores.cache import open_cache
from tests.faults.proxy import Proxy


def test_a_connection_that_redis_has_closed_is_an_error_of_redis_on_any_loop(settings: Settings):
    """Uvloop says RuntimeError, which nobody who does without Redis expects."""
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
