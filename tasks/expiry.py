"""Expires listings whose term is over, by the same state change as an admin makes."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from services.properties.lifecycle import expire_batch
from tasks.batches import in_batches
from tasks.scheduling.runs import Work


async def expire_listings(work: Work) -> Mapping[str, int]:
    return {"expired": await expire_all(work.engine)}


async def expire_all(engine: AsyncEngine) -> int:
    """Expire all due listings, one transaction per batch, and return how many there were."""
    return await in_batches(engine, expire_batch)
