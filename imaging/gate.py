"""Heavy work a few at a time: the next ones wait a little, the rest hear at once that there are too many."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from schemas.errors import Overloaded
from stores.bounds import BusyError, Turns


class Gate:
    def __init__(self, at_once: int, *, most_waiting: int, patience_s: float, busy: str) -> None:
        """Open to the first.

        Args:
            at_once: how many may be inside.
            most_waiting: how many may stand before it.
            patience_s: seconds after which one that stands there is turned away.
            busy: what it is told then.
        """
        self._turns = Turns(at_once, most_waiting=most_waiting)
        self._patience_s = patience_s
        self._busy = busy

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Overloaded."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._turns.turn(self._patience_s))
            except BusyError:
                raise Overloaded(self._busy) from None
            yield
