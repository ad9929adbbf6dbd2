"""Searches remembered for analytics."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.api.guided import GuidedRequest
from schemas.api.listings import ListingsRequest
from schemas.api.map import MapRequest
from schemas.api.search import Wishes
from server.journal import Journal
from services.search_events import SearchEvent, asked_for, record_searches

TOTAL = re.compile(rb'"total":(\d+)')
Wanted = GuidedRequest | ListingsRequest | MapRequest
log = structlog.get_logger(component="server")


@dataclass(frozen=True)
class Noted:
    """A search as it was answered; what is worth knowing of it is worked out later."""

    kind: str
    wanted: Wanted
    answer: bytes
    took_ms: float
    session_id: str | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def event(self) -> SearchEvent:
        total = TOTAL.search(self.answer)
        return SearchEvent(
            kind=self.kind,
            search=self.wanted.model_dump(mode="json", exclude_defaults=True),
            asked=asked_for(wishes(self.wanted)),
            total=None if total is None else int(total[1]),
            took_ms=self.took_ms,
            session_id=self.session_id,
            at=self.at,
        )


def wishes(wanted: Wanted) -> Wishes:
    return wanted if isinstance(wanted, MapRequest) else wanted.search()


class SearchLog(Journal[Noted]):
    def __init__(self, database: AsyncEngine) -> None:
        super().__init__()
        self._database = database

    async def put(self, batch: Sequence[Noted]) -> Sequence[Noted]:
        try:
            async with AsyncSession(self._database) as session, session.begin():
                await record_searches(session, [noted.event() for noted in batch])
        except (SQLAlchemyError, OSError) as error:
            log.warning("searches_not_recorded", count=len(batch), error=type(error).__name__)
            return batch
        return ()
