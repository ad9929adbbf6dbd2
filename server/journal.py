"""What happens in answers, noted in memory and written every second, off the path of the answer."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

EVERY_S = 1.0
MOST_WAITING = 10_000
"""While a store is away older notes give way: what visitors do next matters more than their past."""
NoteT = TypeVar("NoteT")
log = structlog.get_logger(component="server")


class Journal(Generic[NoteT]):
    """One for each process and each kind of note."""

    def __init__(self) -> None:
        self._noted: deque[NoteT] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def note(self, noted: NoteT) -> None:
        self._noted.append(noted)

    def begin(self) -> None:
        self._writing = asyncio.create_task(self._keep_writing())

    async def end(self) -> None:
        """Write what is left, after what is being written."""
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
        """Write what was noted; what is to be written again is kept for the next time."""
        batch = list(self._noted)
        self._noted.clear()
        if batch:
            left = await self.put(batch)
            room = MOST_WAITING - len(self._noted)
            self._noted.extendleft(reversed(left[-room:] if room else []))

    async def put(self, batch: Sequence[NoteT]) -> Sequence[NoteT]:
        """Write a batch; what could not be written, and should be later."""
        raise NotImplementedError
