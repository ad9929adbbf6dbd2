"""The Redis client, configured in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisTimeout

from schemas.settings import Settings

CONNECTIONS = 16
"""Pool size. A process does not need more, because its event loop serves them one after the other."""
LONGEST_QUEUE_S = 1.0
"""Longest wait for a free connection in a burst of requests; an unavailable Redis fails sooner."""


def open_cache(settings: Settings, *, patience_s: float | None = None) -> Redis:
    """Return a client with a short timeout and no retries.

    The library's retries would delay visitors for seconds when Redis is unavailable, and would repeat an
    INCR whose response was lost.

    Args:
        settings: supplies `redis_url` and `redis_timeout_s`.
        patience_s: raises the timeout to this many seconds, where a failure is worse than a wait.
    """
    timeout_s = max(patience_s or 0.0, settings.redis_timeout_s)
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=max(LONGEST_QUEUE_S, timeout_s),
        socket_timeout=None,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    pool.connection_class = type(
        "Connection", (DeadlineConnection, pool.connection_class), {"timeout_s": timeout_s}
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def opened_cache(settings: Settings, *, patience_s: float | None = None) -> AsyncIterator[Redis]:
    """Open the client of `open_cache` for a block."""
    cache = open_cache(settings, patience_s=patience_s)
    try:
        yield cache
    finally:
        await cache.aclose()


class DeadlineConnection(AbstractConnection):
    """Connection with a timeout that does not lose cancellations.

    The library's `socket_timeout` writes under `asyncio.wait_for`. On Python 3.11 that loses a cancellation
    that arrives as the write ends, so the task would continue.
    """

    timeout_s: float
    """Limit for one write, and for reading one response."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        try:
            async with self._prompt():
                await super().send_packed_command(command, check_health)
        except RuntimeError as error:  # uvloop raises this for a closed connection
            raise RedisGone("Redis has closed the connection.") from error

    async def read_response(self, *args: Any, **options: Any) -> Any:
        async with self._prompt():
            return await super().read_response(*args, **options)

    @asynccontextmanager
    async def _prompt(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except TimeoutError as error:
            raise RedisTimeout(f"Redis did not answer within {self.timeout_s:g} s.") from error
