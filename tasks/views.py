"""Views taken over from Redis into Postgres."""

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from services.views import count_batch
from stores.cache import open_cache
from stores.views import ViewCounts

PATIENCE_S = 2.0
"""For Redis, since nobody waits for a job."""
log = structlog.get_logger(component="worker")


async def flush_views(engine: AsyncEngine, settings: Settings) -> int:
    """How many views were counted now; those of a Redis that is away are counted when it is back."""
    cache = open_cache(settings, patience_s=PATIENCE_S)
    try:
        return await take_batches(engine, ViewCounts(cache))
    except (RedisError, OSError) as error:
        log.warning("views_not_taken", error=type(error).__name__)
        return 0
    finally:
        await cache.aclose()


async def take_batches(engine: AsyncEngine, counts: ViewCounts) -> int:
    """Each in a transaction of its own; whoever is killed between leaves the rest to the next."""
    taken = 0
    for token in await counts.batches():
        views = await counts.read(token)
        if views:
            async with AsyncSession(engine) as session, session.begin():
                taken += sum(views.values()) if await count_batch(session, token, views) else 0
        await counts.forget(token)
    return taken
