"""Preconditions for writing, checked at the start, after any trouble, and every few seconds.

Each batch checks separately whether this release may write to the generations in use
(`generations.targets`), because that changes while indexers run.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import structlog
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes import revisions
from indexer.changes.revisions import Heights
from indexer.lifecycle import generations
from indexer.lifecycle.generations import Refused

log = structlog.get_logger(component=__name__)

EVERY_S = 5.0
SETTING = "action.auto_create_index"


@dataclass
class Conditions:
    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    due: float = 0.0
    """Time of the next check, on the monotonic clock."""
    restored: Heights | None = None

    async def look(self) -> None:
        """Check the conditions if a check is due.

        Raises:
            Refused: this indexer must not write.
        """
        if time.monotonic() < self.due:
            return
        await require_no_auto_create(self.search, self.alias)
        async with self.engine.connect() as connection:
            await generations.targets(connection, self.alias)
        await self._compare_heights()
        self.due = time.monotonic() + EVERY_S

    def look_soon(self) -> None:
        """Make the next check due at once. After trouble, a store that is back may be a different one."""
        self.due = 0.0

    async def _compare_heights(self) -> None:
        """Record that the database was restored, before later writes hide it; indexing continues."""
        now = await revisions.measure(self.engine, self.search, self.alias)
        if now.ahead and now != self.restored:
            log.error("the index is ahead of the database", advice=str(now))
            await revisions.note(self.engine, self.alias, now)
            self.restored = now


async def require_no_auto_create(search: AsyncOpenSearch, alias: str) -> None:
    """Raise Refused if the engine would auto-create the alias's indexes, with a guessed mapping.

    Otherwise a late write would recreate the index of a generation that was already dropped.
    """
    answer = await search.cluster.get_settings(
        params={"include_defaults": "true", "filter_path": f"*.{SETTING}"}
    )
    levels = (answer[level] for level in ("transient", "persistent", "defaults") if level in answer)
    value = next((level["action"]["auto_create_index"] for level in levels), "true")
    if makes(str(value), f"{alias}-x"):
        raise Refused(
            f"The engine would make indexes by itself: set {SETTING} to false, or to -{alias}-*,+*"
            " where others rely on it."
        )


def makes(value: str, name: str) -> bool:
    """Whether the setting, a flag or a list of patterns, lets the engine auto-create this index."""
    if value in {"true", "false"}:
        return value == "true"
    return next(_verdicts(value, name), False)


def _verdicts(value: str, name: str) -> Iterator[bool]:
    for pattern in (each.strip() for each in value.split(",")):
        if fnmatchcase(name, pattern.lstrip("+-")):
            yield not pattern.startswith("-")
