"""What a fault test works with: stores to judge by, the same stores through proxies, processes, writers."""

import os
from dataclasses import dataclass, field

from opensearchpy import AsyncOpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.generations import alias_target
from schemas.settings import Settings
from schemas.tables import IndexGeneration
from tests.faults.commands import Command, Commands
from tests.faults.comparison import differences
from tests.faults.servers import Proxies, Servers
from tests.faults.writers import AckLog, Writer
from tests.indexer.agreement import letters, pending
from tests.waiting import until

SLOWNESS = float(os.environ.get("SLOWNESS") or 6)
"""How many times a bound may be exceeded: a shared machine stands still for seconds."""
KILLED = 137  # the exit code of a process that came to its crash point
RECOVERY_S = 35.0
"""What 7-reliability.md allows a drain after a kill."""


@dataclass
class World:
    servers: Servers
    proxies: Proxies
    engine: AsyncEngine
    search: AsyncOpenSearch
    settings: Settings
    """Of the stores themselves; the processes' lead through the proxies."""
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
        """A new live generation."""
        command = self.reindex(*arguments)
        assert await command.ends() == 0, command.said

    async def generations(self) -> dict[str, str]:
        """Every generation that was ever registered, and its state."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(IndexGeneration.name, IndexGeneration.state))
            return {row.name: row.state for row in rows}

    async def indexes(self) -> list[str]:
        return list(await self.search.indices.get(index=f"{self.alias}-*"))

    async def served(self) -> list[str]:
        """The indexes behind the alias."""
        return await alias_target(self.search, self.alias)

    async def letters(self) -> dict[str, tuple[int, str, int]]:
        """Revision, error type and attempts of what was refused."""
        return await letters(self.engine)

    async def command(self, *arguments: str, **environment: str) -> int:
        """The exit code of an `indexer` command."""
        return await self.commands.start("indexer.cli", *arguments, **environment).ends()

    def writer(self, seed: int) -> Writer:
        return Writer(self.engine, self.log, seed)

    async def is_level(self) -> bool:
        return await pending(self.engine) == 0

    def what_waits(self) -> str:
        return "\n".join(["nothing is pending", *self.commands.last_words])

    async def converges(self, *, within_s: float = RECOVERY_S, index: str | None = None) -> None:
        """Fail unless everything pending is settled in time and the stores then agree."""
        await until(self.is_level, self.what_waits, seconds=within_s * SLOWNESS)
        await self.agrees(index)

    async def agrees(self, index: str | None = None) -> None:
        found = await differences(self.engine, self.search, index or self.alias, self.log)
        assert not found, "\n".join([f"{len(found)} differences", *found[:5], *self.commands.last_words])
