"""Personal data erased when its time is over, batch by batch, so that nobody waits long for a row."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from services.privacy import Purged, purge


async def erase_expired(engine: AsyncEngine, settings: Settings) -> Purged:
    """What was erased: leads, addresses, idempotency keys."""
    total, more = Purged(), True
    while more:
        async with AsyncSession(engine) as session, session.begin():
            purged = await purge(session, settings, datetime.now(UTC))
        total, more = total + purged, purged.more
    return total
