"""Limits heavy work: a few run at once, some more wait for a while, and the rest are refused at once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from schemas.errors import Overloaded
from stores.bounds import BusyError, ConcurrencyLimit


class Gate:
    def __init__(self, at_once: int, *, most_waiting: int, patience_s: float, busy: str) -> None:
        """Set the limits.

        Args:
            at_once: how many may run at once.
            most_waiting: how many may wait.
            patience_s: seconds after which a waiting one is refused.
            busy: the message of the refusal.
        """
        self._turns = ConcurrencyLimit(at_once, most_waiting=most_waiting)
        self._patience_s = patience_s
        self._busy = busy

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it for the block. Raises Overloaded if there are too many."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._turns.slot(self._patience_s))
            except BusyError:
                raise Overloaded(self._busy) from None
            yield
