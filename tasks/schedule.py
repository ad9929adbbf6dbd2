"""When a job is due: every so often by the clock, or after each promotion of an index."""

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
        """The newest period that has begun; None before the first."""


@dataclass(frozen=True)
class Every:
    """Periods of one length, that begin so long after midnight in UTC."""

    length: timedelta
    at: timedelta = timedelta()

    def period_at(self, now: datetime) -> datetime:
        return now - (now - EPOCH - self.at) % self.length

    async def period(self, _connection: AsyncConnection, _settings: Settings, now: datetime) -> datetime:
        return self.period_at(now)


@dataclass(frozen=True)
class EachPromotion:
    """A period for each index that has gone live: it begins when its searches do."""

    async def period(
        self, connection: AsyncConnection, settings: Settings, _now: datetime
    ) -> datetime | None:
        live = (
            IndexGeneration.alias == settings.index_alias,
            IndexGeneration.state == GenerationState.LIVE,
        )
        return await connection.scalar(select(IndexGeneration.live_at).where(*live))
