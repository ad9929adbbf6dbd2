"""Limits of logins while Redis comes and goes."""

from ipaddress import ip_network

import pytest
from redis.asyncio import Redis

from schemas.errors import TooManyRequests
from schemas.settings import Settings
from server.login_limits import LoginLimits
from stores.cache import open_cache

HERE = ip_network("203.0.113.7/32")
NOBODY = "nobody@casabricks.example"


async def lose(cache: Redis) -> None:
    cache.connection_pool.connection_kwargs["port"] = 1
    await cache.connection_pool.disconnect()
    cache.connection_pool.reset()


async def test_an_outage_does_not_begin_the_count_again(settings: Settings, cache: Redis, fresh_limits: None):
    own = open_cache(settings)
    limits = LoginLimits(own, b"a key of the test")
    for _ in range(5):
        await limits.take(HERE)
        await limits.failed(NOBODY)
    await lose(own)
    with pytest.raises(TooManyRequests):
        await limits.take(HERE)
    assert await limits.is_locked(NOBODY)
    await limits.close()
