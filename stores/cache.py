"""Redis, opened in one place."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from schemas.settings import Settings

CONNECTIONS = 16
"""A process never needs more: its event loop serves them one after the other."""
LONGEST_QUEUE_S = 1.0
"""For a free connection, when hundreds of requests come at once; a Redis that is away fails sooner."""


def open_cache(settings: Settings) -> Redis:
    """A client that gives up in a tenth of a second and never asks twice.

    The library's own retries would hold a visitor for seconds when Redis is away, and would count
    an INCR again whose answer was lost.
    """
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=LONGEST_QUEUE_S,
        socket_timeout=0.1,
        socket_connect_timeout=0.1,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
