"""Fill a generation from the table: slices of ids in parallel, each with a cursor that survives a kill.

The fill takes no locks and holds no snapshot. Drains write to the generation at the same time, and the
engine refuses whichever write has the older revision.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from psycopg import OperationalError as DriverError
from sqlalchemy import ARRAY, Text, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.backoff import delays
from indexer.changes import dead_letters, outbox
from indexer.changes.bulk import BulkBody, EngineUnavailable, GenerationGone, pack, send
from indexer.changes.documents import Refusal, RenderedPage, read_page
from indexer.changes.drain import DrainResult, drain_once
from indexer.lifecycle import generations
from indexer.lifecycle.generations import ForeignGeneration
from indexer.lifecycle.visitors import Visitors
from runtime.crash_points import crash_here
from schemas.tables import IndexGeneration, Property
from stores.answers import SearchCacheEpoch

SLICES = 3  # while one waits for the engine, the others read and render; more would only queue up there
PAGE = 2000  # rows read at a time, a few megabytes
LAG_S = 2.0  # above this lag a fill pauses, because users wait for changes
PATIENCE_S = 60.0  # a store may be unavailable this long before the fill fails
STORE_ERRORS = (EngineUnavailable, OperationalError, InterfaceError, DriverError, PoolTimeout)

Progress = Callable[[int, int], Awaitable[None]]
"""Called after each page with the rows written and the approximate total."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Slice:
    """The ids in `(after, until]`; None means unbounded. `after` advances as rows are written."""

    number: int
    after: UUID | None
    until: UUID | None
    rows: int = 0
    done: bool = False

    def advanced(self, page: RenderedPage) -> Self:
        return replace(
            self, after=page.last_id or self.after, rows=self.rows + page.rows, done=page.rows < PAGE
        )

    def to_json(self) -> dict[str, Any]:
        bounds = {"after": _text(self.after), "until": _text(self.until)}
        return bounds | {"rows": self.rows, "done": self.done}

    @classmethod
    def from_json(cls, number: str, value: dict[str, Any]) -> Self:
        after, until = _uuid(value["after"]), _uuid(value["until"])
        return cls(int(number), after, until, value["rows"], value["done"])


@dataclass
class Fill:
    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    name: str
    """Name of the generation."""
    progress: Progress
    patience_s: float = PATIENCE_S
    epoch: SearchCacheEpoch | None = None
    written: int = 0
    new: int = 0
    """Rows that this run has written, without those of earlier runs."""
    total: int = 0
    visitors: Visitors = field(init=False)

    def __post_init__(self) -> None:
        self.visitors = Visitors(self.search, self.alias)

    async def run(self) -> None:
        """Write every row; resume where an earlier run stopped.

        Raises:
            EngineUnavailable: the engine stayed unavailable; the cursors are kept.
            GenerationGone: the index no longer exists, or it misses changes that the live one has.
        """
        slices = await self.slices()
        self.written = sum(part.rows for part in slices)
        try:
            async with self.visitors.watched(), asyncio.TaskGroup() as group:
                for part in slices:
                    group.create_task(self.fill_slice(part))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def slices(self) -> list[Slice]:
        async with self.engine.begin() as connection:
            self.total = await count_rows(connection)
            is_ours = IndexGeneration.name == self.name
            cursor = await connection.scalar(select(IndexGeneration.cursor).where(is_ours))
            if cursor:
                return [Slice.from_json(number, value) for number, value in cursor.items()]
            slices = await plan_slices(connection, self.total)
            for part in slices:
                await self.save(connection, part)
        return slices

    async def fill_slice(self, part: Slice) -> None:
        while not part.done:
            await self.drain_backlog()
            async with self.visitors.turn():
                part = await self.fill_page(part)
            await self.progress(self.written, max(self.total, self.written))

    async def drain_backlog(self) -> None:
        """Drain changes while the lag is too high; there may be no other drain running."""
        while await self.with_retries(self.lag_s) > LAG_S:
            drained = await self.with_retries(self.drain_batch)
            if not drained.claimed:
                await asyncio.sleep(0.1)

    async def drain_batch(self) -> DrainResult:
        return await drain_once(
            self.engine, self.search, alias=self.alias, epoch=self.epoch, always_refresh=True
        )

    async def lag_s(self) -> float:
        async with self.engine.connect() as connection:
            return await outbox.lag_s(connection)

    async def fill_page(self, part: Slice) -> Slice:
        """Write the next page of the slice; its cursor moves only after the engine has the rows."""
        page = await self.with_retries(lambda: self.read(part))
        refusals = [refusal for body in pack(page.documents) for refusal in await self.write(body)]
        crash_here("mid-fill")
        moved = part.advanced(page)
        await self.with_retries(lambda: self.save_page(moved, [*page.refusals, *refusals]))
        crash_here("after-page")
        self.written += page.rows
        self.new += page.rows
        return moved

    async def read(self, part: Slice) -> RenderedPage:
        async with self.engine.connect() as connection:
            return await read_page(connection, after=part.after, until=part.until, limit=PAGE)

    async def save_page(self, part: Slice, refusals: Iterable[Refusal]) -> None:
        """Save refusals and the cursor. No dead letters are cleared, because this index is not live yet."""
        async with self.engine.begin() as connection:
            await dead_letters.record(connection, refusals)
            await self.save(connection, part)

    async def write(self, body: BulkBody) -> Sequence[Refusal]:
        return (await self.with_retries(lambda: send(self.search, self.name, body))).refusals

    async def with_retries(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Retry while a store is unavailable, for at most `patience_s`."""
        waits, given_up = delays(), time.monotonic() + self.patience_s
        while True:
            try:
                return await attempt()
            except (*STORE_ERRORS, ForeignGeneration):  # or the drains of a later release have to do it
                if time.monotonic() > given_up:
                    raise
            await asyncio.sleep(next(waits))

    async def save(self, connection: AsyncConnection, part: Slice) -> None:
        """Save the cursor of the slice and the heartbeat.

        Raises:
            GenerationGone: the generation is no longer being built; a drain may have given it up.
        """
        path = literal([str(part.number)], ARRAY(Text))
        cursor = func.jsonb_set(IndexGeneration.cursor, path, literal(part.to_json(), JSONB))
        saved = await connection.scalar(
            update(IndexGeneration)
            .where(IndexGeneration.name == self.name, IndexGeneration.state.in_(generations.UNFINISHED))
            .values(cursor=cursor, heartbeat=func.now())
            .returning(IndexGeneration.name)
        )
        if saved is None:
            is_ours = IndexGeneration.name == self.name
            error = await connection.scalar(select(IndexGeneration.error).where(is_ours))
            raise GenerationGone(error or "It is not being built any more.")


async def count_rows(connection: AsyncConnection) -> int:
    return await connection.scalar(select(func.count()).select_from(Property)) or 0


async def plan_slices(connection: AsyncConnection, rows: int) -> list[Slice]:
    """Return slices of about equal size; the last has no upper bound, so it includes later ids."""
    starts = [
        await connection.scalar(select(Property.id).order_by(Property.id).offset(offset).limit(1))
        for offset in (rows * number // SLICES for number in range(1, SLICES))
    ]
    inner = sorted({bound for bound in starts if bound is not None})
    return [
        Slice(number, after, until)
        for number, (after, until) in enumerate(zip([None, *inner], [*inner, None], strict=True))
    ]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
