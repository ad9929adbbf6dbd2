"""Waiting for what others do: always with a deadline, and with words that say what for."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE_S = 90.0
"""Far beyond what anything takes on a busy machine; what does not come at all fails here."""
LOOK_S = 0.02

T = TypeVar("T")


async def until(
    condition: Callable[[], Awaitable[T] | T],
    what: str | Callable[[], object],
    *,
    seconds: float = PATIENCE_S,
    pause_s: float = LOOK_S,
) -> T:
    """Look again and again until a condition holds; what it gave then.

    Args:
        condition: plain or asynchronous; it holds when what it gives is true.
        what: for the message; called at the end when it is to say what was there instead.
        seconds: patience, for what a test is to prove by its own deadline.
        pause_s: between two looks; 0 for what passes in a moment.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what() if callable(what) else what}"
        await asyncio.sleep(pause_s)


def until_now(
    condition: Callable[[], T], what: str | Callable[[], object], *, seconds: float = PATIENCE_S
) -> T:
    """The same where no loop runs."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(LOOK_S)
    return found
