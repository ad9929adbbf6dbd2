"""Visitors go before a fill: while they search, half of the engine's processors are left to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException

from runtime.background import meanwhile

LOOK_S = 0.5


class Visitors:
    """The searches of an alias, as the engine counts them; cached answers cost it nothing."""

    def __init__(self, search: AsyncOpenSearch, alias: str) -> None:
        self._search, self._alias = search, alias
        self._halves = asyncio.Semaphore(1)
        self.are_searching = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the searches during the block."""
        self._halves = asyncio.Semaphore(max(1, await self._processors() // 2))
        async with meanwhile(self._watch()):
            yield

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Return the wait for a turn at the engine; while nobody searches there is none."""
        return self._halves if self.are_searching else nullcontext()

    async def _watch(self) -> None:
        before = None
        while True:
            searches = await self._count()
            self.are_searching = None not in (before, searches) and before != searches
            before = searches
            await asyncio.sleep(LOOK_S)

    async def _count(self) -> int | None:
        """Return the number of searches so far; None if there is no index, or it does not answer."""
        try:
            stats = await self._search.indices.stats(index=self._alias, metric="search")
        except OpenSearchException:
            return None
        return int(stats["_all"]["total"]["search"]["query_total"])

    async def _processors(self) -> int:
        """Return the processors of the smallest node that holds data; 0 if the engine does not answer."""
        try:
            info = await self._search.nodes.info(node_id="data:true", metric="os")
        except OpenSearchException:
            return 0
        return min((node["os"]["allocated_processors"] for node in info["nodes"].values()), default=0)
