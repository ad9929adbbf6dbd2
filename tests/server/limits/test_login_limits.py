"""Login limits while Redis goes away and comes back."""

from ipaddress import ip_network

import pytest
from redis.asyncio import Redis

from schemas.errors import TooManyRequests
from schemas.settings import Settings
from server.limits.login_limits import LOCAL_RULES, LoginLimits, LoginRules
from stores.cache import open_cache

HERE = ip_network("203.0.113.7/32")
NOBODY = "nobody@casabricks.example"


async def lose(cache: Redis) -> None:
    cache.connection_pool.connection_kwargs["port"] = 1
    await cache.connection_pool.disconnect()
    cache.connection_pool.reset()


async def test_what_is_given_back_may_be_taken_again_and_no_more(
    settings: Settings, cache: Redis, fresh_limits: None
):
    limits = LoginLimits(open_cache(settings), b"a key of the test", LoginRules(address=3))
    for _ in range(5):
        await limits.count_attempt(HERE)
        await limits.uncount_attempt(HERE)
    for _ in range(5):
        await limits.uncount_attempt(HERE)
    for _ in range(3):
        await limits.count_attempt(HERE)
    with pytest.raises(TooManyRequests):
        await limits.count_attempt(HERE)
    await limits.close()


async def test_without_redis_too_what_is_given_back_may_be_taken_again(settings: Settings):
    own = open_cache(settings)
    await lose(own)
    limits = LoginLimits(own, b"a key of the test")
    for _ in range(LOCAL_RULES.address + 1):
        await limits.count_attempt(HERE)
        await limits.uncount_attempt(HERE)
    for _ in range(LOCAL_RULES.address):
        await limits.count_attempt(HERE)
    with pytest.raises(TooManyRequests):
        await limits.count_attempt(HERE)
    await limits.close()


async def test_an_outage_does_not_begin_the_count_again(settings: Settings, cache: Redis, fresh_limits: None):
    own = open_cache(settings)
    limits = LoginLimits(own, b"a key of the test")
    for _ in range(5):
        await limits.count_attempt(HERE)
        await limits.failed(NOBODY)
    await lose(own)
    with pytest.raises(TooManyRequests):
        await limits.count_attempt(HERE)
    assert await limits.is_locked(NOBODY)
    await limits.close()
