"""Polls the alias continuously: it must point to one index at every moment, and answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException

PAUSE_S = 0.03  # between polls, each of which costs the engine as much as a search


@dataclass
class Watch:
    looks: int = 0
    targets: list[str] = field(default_factory=list)
    """The indexes behind the alias, in order of appearance."""
    wrong: list[str] = field(default_factory=list)


@asynccontextmanager
async def watching(search: AsyncOpenSearch, alias: str) -> AsyncIterator[Watch]:
    """Poll the alias during the block; fail at the end if anything was wrong."""
    watch, is_over = Watch(), asyncio.Event()
    task = asyncio.create_task(look(search, alias, watch, is_over))
    try:
        yield watch
    finally:
        is_over.set()
        await task
    assert watch.looks
    assert watch.wrong == []


async def look(search: AsyncOpenSearch, alias: str, watch: Watch, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        try:
            found = sorted(await search.indices.get_alias(name=alias))
            await search.search(index=alias, body={"size": 1, "track_total_hits": False})
        except OpenSearchException as error:
            watch.wrong.append(str(error))
        else:
            watch.looks += 1
            if len(found) != 1:
                watch.wrong.append(f"the alias leads to {found}")
            elif watch.targets[-1:] != found:
                watch.targets += found
        await asyncio.sleep(PAUSE_S)
