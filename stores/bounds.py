"""Limits on requests to a server: a bounded queue, and a circuit breaker for one that fails."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

WAITING_FOR_EACH = 8
"""Waiting requests allowed per request in flight; at 0.1 s each, that is a wait of about a second."""


class BusyError(Exception):
    """Too many requests are waiting, or no slot became free in time."""


class BreakerOpenError(Exception):
    """The breaker is open: the server failed repeatedly and is not asked for a moment."""


class ConcurrencyLimit:
    """Limits the number of requests in flight; further ones wait in order, for a limited time."""

    def __init__(self, at_once: int, *, most_waiting: int | None = None) -> None:
        """Allow `at_once` in flight. `most_waiting` defaults to `WAITING_FOR_EACH` times as many."""
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + (at_once * WAITING_FOR_EACH if most_waiting is None else most_waiting)
        self._admitted = 0

    @asynccontextmanager
    async def slot(self, patience_s: float) -> AsyncIterator[None]:
        """Hold a slot during the block.

        Raises:
            BusyError: too many are waiting, or no slot became free within `patience_s`.
        """
        if self._admitted >= self._most:
            raise BusyError
        self._admitted += 1
        try:
            await self._acquire(patience_s)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._admitted -= 1

    async def _acquire(self, patience_s: float) -> None:
        try:
            # A free slot is taken at once, so it needs no timer.
            async with asyncio.timeout(patience_s if self._free.locked() else None):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError from None


@dataclass
class Breaker:
    """Circuit breaker: after `failures` in a row it opens for `rest_s`; then one trial request decides."""

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
        """Wrap one request. If a trial reports neither success nor failure, the next request is the trial.

        Raises:
            BreakerOpenError: the breaker is open.
        """
        if self.is_open:
            raise BreakerOpenError
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
