"""What must hold before an indexer writes: looked at when it starts, after any trouble, and now and then.

Whether the generations in use are ones that this release may write to is asked with each batch
(`generations.targets`), because it changes while indexers run.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import structlog
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer import generations, revisions
from indexer.generations import Refused
from indexer.revisions import Heights

log = structlog.get_logger(component=__name__)

EVERY_S = 5.0
SETTING = "action.auto_create_index"


@dataclass
class Conditions:
    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    due: float = 0.0
    """On the monotonic clock."""
    restored: Heights | None = None

    async def look(self) -> None:
        """Look, if it is time to.

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
        """After trouble: a store that is back may be another one."""
        self.due = 0.0

    async def _compare_heights(self) -> None:
        """Note that the database was restored before the writes that come hide it; go on all the same."""
        now = await revisions.measure(self.engine, self.search, self.alias)
        if now.ahead and now != self.restored:
            log.error("the index is ahead of the database", advice=str(now))
            await revisions.note(self.engine, self.alias, now)
            self.restored = now


async def require_no_auto_create(search: AsyncOpenSearch, alias: str) -> None:
    """Fail where the engine would make an index of ours by itself, with a mapping that it guesses.

    A write that comes late, after its generation was dropped, would bring that back.
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
    """Whether the engine makes an index of this name, by the setting: a flag or a list of patterns."""
    if value in {"true", "false"}:
        return value == "true"
    return next(_verdicts(value, name), False)


def _verdicts(value: str, name: str) -> Iterator[bool]:
    for pattern in (each.strip() for each in value.split(",")):
        if fnmatchcase(name, pattern.lstrip("+-")):
            yield not pattern.startswith("-")
