"""Views of property pages, counted in Redis and recorded for analytics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain.security.addresses import Network, digest_of_today
from server.telemetry.journal import Journal
from services.analytics.views import ViewEvent, record_views
from stores.views import View, ViewCounts

log = structlog.get_logger(component="server")


@dataclass(frozen=True)
class LoggedView:
    property_id: UUID
    visitor: str
    session_id: str | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def visitor_of(session_id: str | None, address: Network, key: bytes, now: datetime) -> str:
    """Return the visit's key: its session id, or a digest of its address that changes daily."""
    if session_id is not None:
        return f"session:{session_id}"
    return f"address:{digest_of_today(address, key, now)}"


class ViewLog(Journal[LoggedView]):
    """Counts views; those that cannot be counted now are dropped, because exact counts are not promised."""

    def __init__(self, cache: Redis, database: AsyncEngine) -> None:
        super().__init__()
        self._counts, self._database = ViewCounts(cache), database

    async def write_batch(self, batch: Sequence[LoggedView]) -> Sequence[LoggedView]:
        try:
            await self._write(batch)
        except (RedisError, SQLAlchemyError, OSError) as error:
            log.warning("views_not_counted", count=len(batch), error=type(error).__name__)
        return ()

    async def _write(self, batch: Sequence[LoggedView]) -> None:
        counted = await self._counts.count([View(str(seen.property_id), seen.visitor) for seen in batch])
        firsts = [seen for seen, is_first in zip(batch, counted, strict=True) if is_first]
        if firsts:
            events = [ViewEvent(seen.property_id, seen.session_id, seen.at) for seen in firsts]
            async with AsyncSession(self._database) as session, session.begin():
                await record_views(session, events)
