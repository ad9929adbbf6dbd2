"""Records searches for analytics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.api.search.canonical import Wishes
from schemas.api.search.guided import GuidedRequest
from schemas.api.search.listings import ListingsRequest
from schemas.api.search.map import MapRequest
from server.telemetry.journal import Journal
from services.analytics.search_events import SearchEvent, asked_for, record_searches

BYTES_PER_ENTRY = 1_000
"""Bytes of a request that count as one entry."""
SearchRequest = GuidedRequest | ListingsRequest | MapRequest
log = structlog.get_logger(component="server")


@dataclass(frozen=True)
class LoggedSearch:
    """A search as it was answered; its event is computed later."""

    kind: str
    wanted: SearchRequest
    total: int
    took_ms: float
    session_id: str | None
    size: int = 0
    """Size of the request in bytes."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def event(self, search: dict[str, Any], asked: dict[str, Any]) -> SearchEvent:
        return SearchEvent(
            kind=self.kind,
            search=search,
            asked=asked,
            total=self.total,
            took_ms=self.took_ms,
            session_id=self.session_id,
            at=self.at,
        )


def events_of(batch: Sequence[LoggedSearch]) -> list[SearchEvent]:
    """Return the events. Popular searches share one request, which is described once."""
    requests = {id(entry.wanted): entry.wanted for entry in batch}
    described = {
        key: (wanted.model_dump(mode="json", exclude_defaults=True), asked_for(wishes(wanted)))
        for key, wanted in requests.items()
    }
    return [entry.event(*described[id(entry.wanted)]) for entry in batch]


def wishes(wanted: SearchRequest) -> Wishes:
    return wanted.search() if isinstance(wanted, GuidedRequest) else wanted


class SearchLog(Journal[LoggedSearch]):
    """Keeps totals and times of searches until they are written, not answers; `key` is for typed words."""

    def __init__(self, database: AsyncEngine, key: bytes) -> None:
        super().__init__()
        self._database, self._key = database, key

    def size_of(self, entry: LoggedSearch) -> int:
        return 1 + entry.size // BYTES_PER_ENTRY

    async def write_batch(self, batch: Sequence[LoggedSearch]) -> Sequence[LoggedSearch]:
        try:
            async with AsyncSession(self._database) as session, session.begin():
                await session.connection()  # fail before computing events if Postgres is down
                await record_searches(session, events_of(batch), self._key)
        except (SQLAlchemyError, OSError) as error:
            log.warning("searches_not_recorded", count=len(batch), error=type(error).__name__)
            return batch
        return ()
