"""Preconditions for writing, checked at the start, after any outage, and every few seconds.

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
from indexer.changes.revisions import RevisionHeights
from indexer.lifecycle import generations
from indexer.lifecycle.generations import Refused

log = structlog.get_logger(component=__name__)

EVERY_S = 5.0
SETTING = "action.auto_create_index"


@dataclass
class WritePreconditions:
    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    next_check_at: float = 0.0
    """Time of the next check, on the monotonic clock."""
    restored: RevisionHeights | None = None

    async def check_if_due(self) -> None:
        """Check the conditions if a check is due.

        Raises:
            Refused: this indexer must not write.
        """
        if time.monotonic() < self.next_check_at:
            return
        await require_no_auto_create(self.search, self.alias)
        async with self.engine.connect() as connection:
            await generations.targets(connection, self.alias)
        await self._check_for_restore()
        self.next_check_at = time.monotonic() + EVERY_S

    def check_soon(self) -> None:
        """Make the next check due at once. After an outage, a store that is back may be a different one."""
        self.next_check_at = 0.0

    async def _check_for_restore(self) -> None:
        """Record that the database was restored, before later writes hide it; indexing continues."""
        now = await revisions.read_heights(self.engine, self.search, self.alias)
        if now.ahead and now != self.restored:
            log.error("the index is ahead of the database", advice=str(now))
            await revisions.store_restore_note(self.engine, self.alias, now)
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
    if auto_creates(str(value), f"{alias}-x"):
        raise Refused(
            f"The engine would make indexes by itself: set {SETTING} to false, or to -{alias}-*,+*"
            " where others rely on it."
        )


def auto_creates(value: str, name: str) -> bool:
    """Whether the setting, a flag or a list of patterns, lets the engine auto-create this index."""
    if value in {"true", "false"}:
        return value == "true"
    return next(_matching_patterns(value, name), False)


def _matching_patterns(value: str, name: str) -> Iterator[bool]:
    for pattern in (each.strip() for each in value.split(",")):
        if fnmatchcase(name, pattern.lstrip("+-")):
            yield not pattern.startswith("-")
