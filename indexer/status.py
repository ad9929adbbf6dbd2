"""State of the index: pending changes, refused documents, and what is served."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from opensearchpy import AsyncOpenSearch
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.changes import outbox
from indexer.changes.revisions import RevisionHeights, find_restore
from indexer.lifecycle import generations
from indexer.lifecycle.generations import alias_target
from indexer.verification.digests import NO_TOMBSTONES
from schemas.index.listings import schema_hash
from schemas.settings import Settings
from schemas.tables import DeadLetter, IndexGeneration, Property
from schemas.vocabulary import GenerationState

SLOW_S = 30.0  # a working drain needs about a second; above this it is stopped or does not keep up


@dataclass(frozen=True)
class GenerationStatus:
    name: str
    schema_hash: str
    state: str
    started_at: datetime
    heartbeat: datetime
    live_at: datetime | None
    error: str | None
    counts: dict[str, Any]
    """What was noted with it: the last verification, the speed of the fill, a restore of the database."""

    @property
    def remark(self) -> str:
        if self.state in generations.UNFINISHED:
            return f"(last sign of life {self.heartbeat:%H:%M:%S} UTC)"
        return self.error or ""


@dataclass(frozen=True)
class Status:
    alias: str
    alias_target: str | None
    """The index behind the alias, as the engine reports it."""
    schema_hash: str
    """The schema that this release needs."""
    lag_s: float
    depth: int
    dead_letters: int
    rows: int
    documents: int
    """Number of documents, without tombstones."""
    restored: RevisionHeights | None
    """How far the index is ahead of the database; None unless the database was restored."""
    generations: tuple[GenerationStatus, ...]
    """Generations that are not dropped, newest first."""

    @property
    def live(self) -> GenerationStatus | None:
        return next((each for each in self.generations if each.state == GenerationState.LIVE), None)

    @property
    def problems(self) -> list[str]:
        """The problems found, as sentences for the operator."""
        return [*self._problems_of_the_generation(), *self._problems_of_the_documents()]

    def _problems_of_the_generation(self) -> Iterator[str]:
        if self.live is None:
            yield "Nothing is live: run `indexer reindex`."
        elif self.live.schema_hash != self.schema_hash:
            yield "The live index has another schema than this code: run `indexer reindex`."
        if self.live is not None and self.live.name != self.alias_target:
            found = self.alias_target or "nothing"
            yield f"The alias leads to {found}, not to the live index: run `indexer reindex`."

    def _problems_of_the_documents(self) -> Iterator[str]:
        if self.restored:
            yield str(self.restored)
        if self.lag_s > SLOW_S:
            yield f"Changes wait for {self.lag_s:.0f} s: is `indexer run` running?"
        if self.dead_letters:
            yield f"{self.dead_letters:,} documents were refused: see `indexer dead-letters list`."
        # The numbers may differ while changes are pending, and refused documents may be missing.
        if (
            not self.depth
            and self.alias_target
            and not self.rows - self.dead_letters <= self.documents <= self.rows
        ):
            yield f"{self.rows:,} rows, but {self.documents:,} documents."

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"problems": self.problems}


async def read_status(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings) -> Status:
    alias = settings.index_alias
    target = await alias_target(search, alias)
    documents = await count_documents(search, alias) if target else 0
    ahead = await find_restore(engine, search, alias)
    async with engine.connect() as connection:
        return Status(
            alias=alias,
            alias_target=", ".join(target) or None,
            schema_hash=schema_hash(),
            lag_s=round(await outbox.lag_s(connection), 3),
            depth=await outbox.depth(connection),
            dead_letters=await _count(connection, DeadLetter),
            rows=await _count(connection, Property),
            documents=documents,
            restored=ahead,
            generations=await _generations(connection, alias),
        )


def table(status: Status) -> Table:
    shown = Table("", "", title=f"{status.alias} -> {status.alias_target or 'nothing'}", show_header=False)
    shown.add_row("lag", f"{status.lag_s:.1f} s")
    shown.add_row("pending", f"{status.depth:,}")
    shown.add_row("dead letters", f"{status.dead_letters:,}")
    shown.add_row("rows", f"{status.rows:,}")
    shown.add_row("documents", f"{status.documents:,}")
    for generation in status.generations:
        shown.add_row(generation.state, f"{generation.name} {generation.remark}")
    return shown


async def count_documents(search: AsyncOpenSearch, index: str) -> int:
    """Count the searchable documents, without a refresh: `status` must not change what visitors find."""
    answer = await search.count(index=index, body={"query": NO_TOMBSTONES})
    return int(answer["count"])


async def _count(connection: AsyncConnection, table: type[DeadLetter | Property]) -> int:
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def _generations(connection: AsyncConnection, alias: str) -> tuple[GenerationStatus, ...]:
    query = (
        select(
            IndexGeneration.name,
            IndexGeneration.schema_hash,
            IndexGeneration.state,
            IndexGeneration.started_at,
            IndexGeneration.heartbeat,
            IndexGeneration.live_at,
            IndexGeneration.error,
            IndexGeneration.counts,
        )
        .where(IndexGeneration.alias == alias, IndexGeneration.state != GenerationState.DROPPED)
        .order_by(IndexGeneration.started_at.desc())
    )
    return tuple(GenerationStatus(*row) for row in await connection.execute(query))
