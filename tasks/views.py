"""Moves view counts from Redis into Postgres."""

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from services.analytics.views import count_batch
from stores.cache import opened_cache
from stores.views import ViewCounts

PATIENCE_S = 2.0
"""Timeout for Redis; longer than a request's, because no user waits for a job."""
log = structlog.get_logger(component="worker")


async def flush_views(engine: AsyncEngine, settings: Settings) -> int:
    """Count the views in Redis and return how many; if Redis is down, a later run counts them."""
    async with opened_cache(settings, patience_s=PATIENCE_S) as cache:
        try:
            return await count_batches(engine, ViewCounts(cache))
        except (RedisError, OSError) as error:
            log.warning("views_not_taken", error=type(error).__name__)
            return 0


async def count_batches(engine: AsyncEngine, counts: ViewCounts) -> int:
    """Count each batch in a separate transaction; if the process is killed, the next one counts the rest."""
    taken = 0
    for token in await counts.batches():
        views = await counts.read(token)
        if views:
            async with AsyncSession(engine) as session, session.begin():
                taken += sum(views.values()) if await count_batch(session, token, views) else 0
        await counts.forget(token)
    return taken
