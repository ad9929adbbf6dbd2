"""Records of requests and visits, purged after their time; leads and idempotency keys are privacy.py's."""

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
"""Longer than anybody sends a webhook again."""
RUNS = timedelta(days=30)
VIEW_BATCHES = timedelta(days=30)
"""Longer than a backup of Redis, which would bring its views again, is of any use."""
QUALITY = timedelta(days=366)


def expired(settings: Settings, now: datetime) -> Mapping[type[Base], ColumnElement[bool]]:
    """By table, which rows are past their time."""
    rolled_up = select(func.max(AnalyticsDay.day)).scalar_subquery()
    event = AnalyticsEvent.created_at
    return {
        WebhookDelivery: WebhookDelivery.received_at < now - DELIVERIES,
        # Not before they are counted: the newest day may still be short of some.
        AnalyticsEvent: (event < now - timedelta(days=settings.analytics_retention_days))
        & (cast(func.timezone("UTC", event), Date) < rolled_up),
        JobRun: JobRun.started_at < now - RUNS,
        ViewBatch: ViewBatch.counted_at < now - VIEW_BATCHES,
        MarketQuality: MarketQuality.as_of < now - QUALITY,
    }


async def purge_batch(session: AsyncSession, table: type[Base], condition: ColumnElement[bool]) -> int:
    """Delete some of these rows; BATCH of them means that there may be more."""
    key = tuple(table.__mapper__.primary_key)
    some = select(*key).where(condition).limit(BATCH).with_for_update(skip_locked=True)
    gone = await session.scalars(delete(table).where(tuple_(*key).in_(some)).returning(key[0]))
    return len(gone.all())
