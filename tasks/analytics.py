"""Every hour: views onto their properties, events into days, and how things stand."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.tables import AnalyticsEvent, Property
from services.enhancement_queue import queue_length
from services.event_days import roll_up
from tasks.runs import Work
from tasks.views import flush_views

LATE = timedelta(hours=1)
"""An event may be written so long after it happened, when the database was away."""


async def aggregate_analytics(work: Work) -> Mapping[str, Any]:
    """What was missed since the last run is made up for, to the day of this one's period."""
    views = await flush_views(work.engine, work.settings)
    since = await first_day(work.engine, work.last)
    async with AsyncSession(work.engine) as session, session.begin():
        rows = 0 if since is None else await roll_up(session, since, work.period.date())
        return {
            "views": views,
            "days_from": since and since.isoformat(),
            "rows": rows,
            "active": await count_active(session),
            "enhancement_queue": await queue_length(session),
        }


async def first_day(engine: AsyncEngine, last: datetime | None) -> date | None:
    """The day from which events are counted anew; None when there has never been any."""
    if last is not None:
        return (last - LATE).date()
    async with engine.connect() as connection:
        first = await connection.scalar(select(func.min(AnalyticsEvent.created_at)))
    return None if first is None else first.date()


async def count_active(session: AsyncSession) -> dict[str, int]:
    counts = select(Property.property_type, func.count()).where(Property.is_active)
    return {row[0]: row[1] for row in await session.execute(counts.group_by(Property.property_type))}
