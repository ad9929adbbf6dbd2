"""Searches remembered for analytics, off the path of the answer: noted in memory, written every second."""

import asyncio
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.search_events import SearchEvent, record_searches

EVERY_S = 1.0
MOST_WAITING = 10_000
"""While the database is away older ones give way: what visitors do next matters more than their past."""
TOTAL = re.compile(rb'"total":(\d+)')
log = structlog.get_logger(component="server")


@dataclass(frozen=True)
class Noted:
    """A search as it was answered; what is worth knowing of it is worked out later."""

    kind: str
    wanted: BaseModel
    answer: bytes
    took_ms: float
    session_id: str | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def event(self) -> SearchEvent:
        total = TOTAL.search(self.answer)
        return SearchEvent(
            kind=self.kind,
            search=self.wanted.model_dump(mode="json", exclude_defaults=True),
            total=None if total is None else int(total[1]),
            took_ms=self.took_ms,
            session_id=self.session_id,
            at=self.at,
        )


class SearchLog:
    """One for each process."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        self._noted: deque[Noted] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def note(self, noted: Noted) -> None:
        self._noted.append(noted)

    def begin(self) -> None:
        self._writing = asyncio.create_task(self._keep_writing())

    async def end(self) -> None:
        """Write what is left, after what is being written."""
        self._ending.set()
        if self._writing is not None:
            await self._writing
        await self.write()

    async def _keep_writing(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write what was noted; what cannot be written now is kept for the next time."""
        batch = list(self._noted)
        self._noted.clear()
        if not batch:
            return
        try:
            async with AsyncSession(self._database) as session, session.begin():
                await record_searches(session, [noted.event() for noted in batch])
        except (SQLAlchemyError, OSError) as error:
            log.warning("searches_not_recorded", count=len(batch), error=type(error).__name__)
            room = MOST_WAITING - len(self._noted)
            self._noted.extendleft(reversed(batch[-room:] if room else []))
