"""Expires listings whose term is over, by the same state change as an admin makes."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from services.properties.lifecycle import expire_batch
from tasks.batches import in_batches
from tasks.scheduling.runs import JobContext


async def expire_listings(context: JobContext) -> Mapping[str, int]:
    return {"expired": await expire_all(context.engine)}


async def expire_all(engine: AsyncEngine) -> int:
    """Expire all due listings, one transaction per batch, and return how many there were."""
    return await in_batches(engine, expire_batch)
