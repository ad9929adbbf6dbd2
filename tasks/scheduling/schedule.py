"""When a job is due: at regular intervals, or after each promotion of an index."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.settings import Settings
from schemas.tables import IndexGeneration
from schemas.vocabulary import GenerationState

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
HALF_MINUTE, MINUTE = timedelta(seconds=30), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Schedule(Protocol):
    async def period(self, connection: AsyncConnection, settings: Settings, now: datetime) -> datetime | None:
        """Return the start of the newest period that has begun; None before the first."""


@dataclass(frozen=True)
class Every:
    """Periods of equal length, offset from midnight UTC by `at`."""

    length: timedelta
    at: timedelta = timedelta()

    def period_at(self, now: datetime) -> datetime:
        return now - (now - EPOCH - self.at) % self.length

    async def period(self, _connection: AsyncConnection, _settings: Settings, now: datetime) -> datetime:
        return self.period_at(now)


@dataclass(frozen=True)
class EachPromotion:
    """One period per index that has gone live; it begins when the index goes live."""

    async def period(
        self, connection: AsyncConnection, settings: Settings, _now: datetime
    ) -> datetime | None:
        live = (
            IndexGeneration.alias == settings.index_alias,
            IndexGeneration.state == GenerationState.LIVE,
        )
        return await connection.scalar(select(IndexGeneration.live_at).where(*live))
