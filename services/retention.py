"""Purge old records of requests and visits; privacy.py purges leads and idempotency keys."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Date, cast, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.settings import Settings
from schemas.tables import (
    AnalyticsDay,
    AnalyticsEvent,
    Base,
    JobRun,
    MarketQuality,
    ViewBatch,
    WebhookDelivery,
)

BATCH = 5_000
DELIVERIES = timedelta(days=7)
"""Longer than any sender retries a webhook."""
RUNS = timedelta(days=30)
VIEW_BATCHES = timedelta(days=30)
"""Longer than a backup of Redis is useful; restoring one would bring its views again."""
QUALITY = timedelta(days=366)


def expired(settings: Settings, now: datetime) -> Mapping[type[Base], ColumnElement[bool]]:
    """Return, by table, the condition for rows past their retention time."""
    rolled_up = select(func.max(AnalyticsDay.day)).scalar_subquery()
    event = AnalyticsEvent.created_at
    return {
        WebhookDelivery: WebhookDelivery.received_at < now - DELIVERIES,
        # Only after they are counted: the newest rolled-up day may still lack some.
        AnalyticsEvent: (event < now - timedelta(days=settings.analytics_retention_days))
        & (cast(func.timezone("UTC", event), Date) < rolled_up),
        JobRun: JobRun.started_at < now - RUNS,
        ViewBatch: ViewBatch.counted_at < now - VIEW_BATCHES,
        MarketQuality: MarketQuality.as_of < now - QUALITY,
    }


async def purge_batch(session: AsyncSession, table: type[Base], condition: ColumnElement[bool]) -> int:
    """Delete a batch of these rows and return their number; 0 means that none is left."""
    key = tuple(table.__mapper__.primary_key)
    some = select(*key).where(condition).limit(BATCH).with_for_update(skip_locked=True)
    gone = await session.scalars(delete(table).where(tuple_(*key).in_(some)).returning(key[0]))
    return len(gone.all())
