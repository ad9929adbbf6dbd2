"""Entries about answered requests, kept in memory and written every second; no answer waits for them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

EVERY_S = 1.0
MOST_WAITING = 10_000
"""Entries kept in memory. While a store is down the oldest are dropped, because recent activity matters more.
A large entry counts as several."""
BATCH = 500
"""Batch size: small enough not to delay answers and to be written within a store's timeout."""
EntryT = TypeVar("EntryT")
log = structlog.get_logger(component="server")


class Journal(Generic[EntryT]):
    """A journal for one kind of entry in one process."""

    def __init__(self) -> None:
        self._entries: deque[EntryT] = deque()
        self._room = MOST_WAITING
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def add(self, entry: EntryT) -> None:
        self._entries.append(entry)
        self._room -= self.size_of(entry)
        while self._room < 0:
            self._pop_oldest()

    def _pop_oldest(self) -> EntryT:
        oldest = self._entries.popleft()
        self._room += self.size_of(oldest)
        return oldest

    def size_of(self, _entry: EntryT) -> int:
        """How many entries it counts as."""
        return 1

    def begin(self) -> None:
        self._writing = asyncio.create_task(self._keep_writing())

    async def end(self) -> None:
        """Wait for the current write, then write the remaining entries."""
        self._ending.set()
        if self._writing is not None:
            await self._writing
        await self.write()

    async def _keep_writing(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._ending.wait()
            await self.write()

    async def write(self) -> None:
        """Write the entries added until now; those that `write_batch` returns are kept for the next write."""
        waiting = len(self._entries)
        while waiting > 0 and self._entries:
            batch = [self._pop_oldest() for _ in range(min(waiting, BATCH, len(self._entries)))]
            waiting -= len(batch)
            if left := await self._write_logging_errors(batch):
                self._put_back(left)
                return

    async def _write_logging_errors(self, batch: Sequence[EntryT]) -> Sequence[EntryT]:
        """Call `write_batch`; an unexpected error loses this batch but does not stop later writes."""
        try:
            return await self.write_batch(batch)
        except Exception as error:
            log.exception("notes_lost", count=len(batch), error=type(error).__name__)
            return ()

    def _put_back(self, left: Sequence[EntryT]) -> None:
        """Put entries back before newer ones, as far as there is room; the oldest are dropped."""
        for entry in reversed(left):
            if self.size_of(entry) > self._room:
                return
            self._room -= self.size_of(entry)
            self._entries.appendleft(entry)

    async def write_batch(self, batch: Sequence[EntryT]) -> Sequence[EntryT]:
        """Write a batch; return the entries to write again later."""
        raise NotImplementedError
