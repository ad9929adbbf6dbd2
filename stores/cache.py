"""Redis, opened in one place."""

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
"""A process never needs more: its event loop serves them one after the other."""
LONGEST_QUEUE_S = 1.0
"""For a free connection, when hundreds of requests come at once; a Redis that is away fails sooner."""


def open_cache(settings: Settings, *, patience_s: float | None = None) -> Redis:
    """A client that gives up soon and never asks twice.

    The library's own retries would hold a visitor for seconds when Redis is away, and would count
    an INCR again whose answer was lost.

    Args:
        settings: whose `redis_url` and `redis_timeout_s` to use.
        patience_s: at least so many seconds for an answer, where doing without is worse than waiting.
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
        "Connection", (PromptConnection, pool.connection_class), {"timeout_s": timeout_s}
    )
    return Redis.from_pool(pool)


class PromptConnection(AbstractConnection):
    """Gives up what takes too long, and lets a task that is cancelled end.

    The library's own `socket_timeout` writes under `asyncio.wait_for`, which on Python 3.11 forgets a
    cancellation that comes as the write ends; the task then goes on as if nothing had been said.
    """

    timeout_s: float
    """For a write, and for the answer to it."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        try:
            async with self._prompt():
                await super().send_packed_command(command, check_health)
        except RuntimeError as error:  # uvloop's word for it
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
