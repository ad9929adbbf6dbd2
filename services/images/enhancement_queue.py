"""Pictures that wait for the AI service."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.analytics import EnhancementQueue
from schemas.tables import PropertyImage
from schemas.vocabulary import EnhancementStatus

WAITING = (EnhancementStatus.PENDING, EnhancementStatus.PROCESSING)


async def queue_length(session: AsyncSession) -> dict[str, int]:
    """Return the numbers of pending and of processing pictures."""
    status = PropertyImage.enhancement_status
    counts = select(status, func.count()).where(status.in_(WAITING)).group_by(status)
    found = {row[0]: row[1] for row in await session.execute(counts)}
    return {str(name): found.get(name, 0) for name in WAITING}


async def show_queue(session: AsyncSession) -> EnhancementQueue:
    """Return the current length of the queue, and how long its oldest picture has waited."""
    oldest = await session.scalar(
        select(func.min(PropertyImage.requested_at)).where(PropertyImage.enhancement_status.in_(WAITING))
    )
    length = await queue_length(session)
    return EnhancementQueue(
        pending=length[EnhancementStatus.PENDING],
        processing=length[EnhancementStatus.PROCESSING],
        oldest_s=None if oldest is None else max(0, round((datetime.now(UTC) - oldest).total_seconds())),
    )
