"""Redis, opened in one place."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone

from schemas.settings import Settings

CONNECTIONS = 16
"""A process never needs more: its event loop serves them one after the other."""
LONGEST_QUEUE_S = 1.0
"""For a free connection, when hundreds of requests come at once; a Redis that is away fails sooner."""


def open_cache(settings: Settings, *, patience_s: float = 0.1) -> Redis:
    """A client that gives up soon and never asks twice.

    The library's own retries would hold a visitor for seconds when Redis is away, and would count
    an INCR again whose answer was lost.

    Args:
        settings: whose `redis_url` to use.
        patience_s: seconds for an answer; more than a tenth where doing without is worse than waiting.
    """
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=LONGEST_QUEUE_S,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(NoBackoff(), 0),
    )
    pool.connection_class = type("Connection", (SayWhenClosed, pool.connection_class), {})
    return Redis.from_pool(pool)


class SayWhenClosed(AbstractConnection):
    """Writing to a connection that Redis has closed is an error of Redis, whatever the loop calls it."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:  # uvloop's word for it
            raise RedisGone("Redis has closed the connection.") from error
