"""What a process asks of a server at most, and when it stops asking one that does not answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

WAITING_FOR_EACH = 8
"""How many may wait for each that is on its way: at a tenth of a second each, that is a second's wait."""


class BusyError(Exception):
    """There are too many, or none has ended in time."""


class RestingError(Exception):
    """The server has failed so often that it is left alone for a moment."""


class Turns:
    """So many at once; the next ones wait, in their order and not for ever."""

    def __init__(self, at_once: int, *, most_waiting: int | None = None) -> None:
        """Open to the first; without a number, `WAITING_FOR_EACH` of those at once may wait."""
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + (at_once * WAITING_FOR_EACH if most_waiting is None else most_waiting)
        self._admitted = 0

    @asynccontextmanager
    async def turn(self, patience_s: float) -> AsyncIterator[None]:
        """Raises BusyError."""
        if self._admitted >= self._most:
            raise BusyError
        self._admitted += 1
        try:
            try:
                async with asyncio.timeout(patience_s):
                    await self._free.acquire()
            except TimeoutError:
                raise BusyError from None
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._admitted -= 1


@dataclass
class Breaker:
    """After some failures in a row nothing is asked for a moment; then one question decides for all."""

    failures: int = 5
    rest_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _rests_until: float = 0.0
    _on_trial: bool = False

    @property
    def is_open(self) -> bool:
        return self._failed >= self.failures and (self._on_trial or self.clock() < self._rests_until)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one question; without a word on how it went, the next one is the trial.

        Raises:
            RestingError: it is not to be asked.
        """
        if self.is_open:
            raise RestingError
        is_trial = self._failed >= self.failures
        self._on_trial |= is_trial
        try:
            yield
        finally:
            if is_trial:
                self._on_trial = False

    def succeeded(self) -> None:
        self._failed = 0

    def has_failed(self) -> None:
        self._failed += 1
        if self._failed >= self.failures:
            self._rests_until = self.clock() + self.rest_s
