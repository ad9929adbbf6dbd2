"""Redis, opened in one place."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from schemas.settings import Settings


def open_cache(settings: Settings) -> Redis:
    """A client that gives up in a tenth of a second and never asks twice.

    The library's own retries would hold a visitor for seconds when Redis is away, and would count
    an INCR again whose answer was lost.
    """
    return Redis.from_url(
        settings.redis_url,
        socket_timeout=0.1,
        socket_connect_timeout=0.1,
        retry=Retry(NoBackoff(), 0),
    )
