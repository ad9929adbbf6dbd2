"""Removes data whose retention period is over, in batches, so that row locks are held only briefly."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from services.leads.privacy import Purged, purge
from services.retention import expired, purge_batch
from tasks.batches import in_batches
from tasks.scheduling.runs import JobContext


async def erase_expired(engine: AsyncEngine, settings: Settings) -> Purged:
    """Erase expired leads, addresses and idempotency keys; return the counts."""
    total, more = Purged(), True
    while more:
        async with AsyncSession(engine) as session, session.begin():
            purged = await purge(session, settings, datetime.now(UTC))
        total, more = total + purged, purged.more
    return total


async def erase_people(context: JobContext) -> Mapping[str, Any]:
    return asdict(await erase_expired(context.engine, context.settings))


async def purge_records(context: JobContext) -> Mapping[str, int]:
    """Delete expired records and return the number of rows by table."""
    return {
        table.__tablename__: await in_batches(
            context.engine, partial(purge_batch, table=table, condition=condition)
        )
        for table, condition in expired(context.settings, datetime.now(UTC)).items()
    }
