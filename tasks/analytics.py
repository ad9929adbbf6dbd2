"""The hourly job: add views to their properties, roll events up into days, and report current counts."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.tables import AnalyticsEvent, Property
from services.analytics.event_days import roll_up
from services.images.enhancement_queue import queue_length
from tasks.scheduling.runs import JobContext
from tasks.views import flush_views

LATE = timedelta(hours=1)
"""While the database is down, an event may be written up to this long after it happened."""


async def aggregate_analytics(context: JobContext) -> Mapping[str, Any]:
    """Aggregate every day from the last run's period to this one's, so missed runs are caught up."""
    views = await flush_views(context.engine, context.settings)
    since = await first_day(context.engine, context.last)
    async with AsyncSession(context.engine) as session, session.begin():
        rows = 0 if since is None else await roll_up(session, since, context.period.date())
        return {
            "views": views,
            "days_from": since and since.isoformat(),
            "rows": rows,
            "active": await count_active(session),
            "enhancement_queue": await queue_length(session),
        }


async def first_day(engine: AsyncEngine, last: datetime | None) -> date | None:
    """Return the first day to roll up again; None when there are no events yet."""
    if last is not None:
        return (last - LATE).date()
    async with engine.connect() as connection:
        first = await connection.scalar(select(func.min(AnalyticsEvent.created_at)))
    return None if first is None else first.date()


async def count_active(session: AsyncSession) -> dict[str, int]:
    counts = select(Property.property_type, func.count()).where(Property.is_active)
    return {row[0]: row[1] for row in await session.execute(counts.group_by(Property.property_type))}
