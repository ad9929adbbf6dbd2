"""The context of a fault test: stores for checks, the same stores behind proxies, processes, writers."""

import os
from dataclasses import dataclass, field

from opensearchpy import AsyncOpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle.generations import alias_target
from schemas.settings import Settings
from schemas.tables import IndexGeneration
from tests.faults.harness.commands import Command, Commands
from tests.faults.harness.comparison import differences
from tests.faults.harness.servers import Proxies, Servers
from tests.faults.harness.writers import AckLog, Writer
from tests.indexer.agreement import letters, pending
from tests.waiting import until

SLOWNESS = float(os.environ.get("SLOWNESS") or 6)
"""Factor by which a time limit may be exceeded, because a shared machine can stall for seconds."""
KILLED = 137  # exit code at a crash point
RECOVERY_S = 35.0
"""Seconds that 7-reliability.md allows a drain after a kill."""


@dataclass
class World:
    servers: Servers
    proxies: Proxies
    engine: AsyncEngine
    search: AsyncOpenSearch
    settings: Settings
    """Settings with direct connections; the processes connect through the proxies."""
    commands: Commands
    log: AckLog = field(default_factory=AckLog)

    @property
    def alias(self) -> str:
        return self.settings.index_alias

    def indexer(self, **environment: str) -> Command:
        return self.commands.start("indexer.cli", "run", **environment)

    def reindex(self, *arguments: str, **environment: str) -> Command:
        return self.commands.start("indexer.cli", "reindex", *arguments, **environment)

    async def reindexed(self, *arguments: str) -> None:
        """Reindex, and fail unless it succeeds."""
        command = self.reindex(*arguments)
        assert await command.ends() == 0, command.said

    async def generations(self) -> dict[str, str]:
        """Return the state of every generation ever registered, by name."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(IndexGeneration.name, IndexGeneration.state))
            return {row.name: row.state for row in rows}

    async def indexes(self) -> list[str]:
        return list(await self.search.indices.get(index=f"{self.alias}-*"))

    async def served(self) -> list[str]:
        """Return the indexes behind the alias."""
        return await alias_target(self.search, self.alias)

    async def letters(self) -> dict[str, tuple[int, str, int]]:
        """Return revision, error type and attempts of each dead letter, by property id."""
        return await letters(self.engine)

    async def command(self, *arguments: str, **environment: str) -> int:
        """Run an `indexer` command; return its exit code."""
        return await self.commands.start("indexer.cli", *arguments, **environment).ends()

    def writer(self, seed: int) -> Writer:
        return Writer(self.engine, self.log, seed)

    async def is_up_to_date(self) -> bool:
        return await pending(self.engine) == 0

    def what_waits(self) -> str:
        return "\n".join(["nothing is pending", *self.commands.last_words])

    async def converges(self, *, within_s: float = RECOVERY_S, index: str | None = None) -> None:
        """Fail unless all pending changes are settled in time and the stores then agree."""
        await until(self.is_up_to_date, self.what_waits, seconds=within_s * SLOWNESS)
        await self.agrees(index)

    async def agrees(self, index: str | None = None) -> None:
        found = await differences(self.engine, self.search, index or self.alias, self.log)
        assert not found, "\n".join([f"{len(found)} differences", *found[:5], *self.commands.last_words])
