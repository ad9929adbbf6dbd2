"""Heavy work a few at a time: the next ones wait a little, the rest hear at once that there are too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schemas.errors import Overloaded


class Gate:
    def __init__(self, at_once: int, *, most_waiting: int, patience_s: float, busy: str) -> None:
        """Open to the first.

        Args:
            at_once: how many may be inside.
            most_waiting: how many may stand before it.
            patience_s: seconds after which one that stands there is turned away.
            busy: what it is told then.
        """
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + most_waiting
        self._patience_s = patience_s
        self._busy = busy
        self._admitted = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Overloaded."""
        if self._admitted >= self._most:
            raise Overloaded(self._busy)
        self._admitted += 1
        try:
            await self._enter()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._admitted -= 1

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise Overloaded(self._busy) from None
