"""Notes about answered requests, kept in memory and written every second; no answer waits for them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

EVERY_S = 1.0
MOST_WAITING = 10_000
"""Notes kept in memory. While a store is down the oldest are dropped, because recent activity matters more.
A large note counts as several."""
AT_A_TIME = 500
"""Batch size: small enough not to delay answers and to be written within a store's timeout."""
NoteT = TypeVar("NoteT")
log = structlog.get_logger(component="server")


class Journal(Generic[NoteT]):
    """A journal for one kind of note in one process."""

    def __init__(self) -> None:
        self._noted: deque[NoteT] = deque()
        self._room = MOST_WAITING
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def note(self, noted: NoteT) -> None:
        self._noted.append(noted)
        self._room -= self.size_of(noted)
        while self._room < 0:
            self._take()

    def _take(self) -> NoteT:
        oldest = self._noted.popleft()
        self._room += self.size_of(oldest)
        return oldest

    def size_of(self, _noted: NoteT) -> int:
        """How many notes it counts as."""
        return 1

    def begin(self) -> None:
        self._writing = asyncio.create_task(self._keep_writing())

    async def end(self) -> None:
        """Wait for the current write, then write the remaining notes."""
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
        """Write the notes made until now; notes that `put` returns are kept for the next write."""
        waiting = len(self._noted)
        while waiting > 0 and self._noted:
            batch = [self._take() for _ in range(min(waiting, AT_A_TIME, len(self._noted)))]
            waiting -= len(batch)
            if left := await self._put_watched(batch):
                self._keep(left)
                return

    async def _put_watched(self, batch: Sequence[NoteT]) -> Sequence[NoteT]:
        """Call `put`; an unexpected error loses this batch but does not stop later writes."""
        try:
            return await self.put(batch)
        except Exception as error:
            log.exception("notes_lost", count=len(batch), error=type(error).__name__)
            return ()

    def _keep(self, left: Sequence[NoteT]) -> None:
        """Put notes back before newer ones, as far as there is room; the oldest are dropped."""
        for noted in reversed(left):
            if self.size_of(noted) > self._room:
                return
            self._room -= self.size_of(noted)
            self._noted.appendleft(noted)

    async def put(self, batch: Sequence[NoteT]) -> Sequence[NoteT]:
        """Write a batch; return the notes to write again later."""
        raise NotImplementedError
