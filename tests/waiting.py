"""Polling for a condition, always with a deadline and a message that says what was expected."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE_S = 90.0
"""Seconds; much longer than any step takes on a busy machine. A wait fails after this time."""
LOOK_S = 0.02

T = TypeVar("T")


async def until(
    condition: Callable[[], Awaitable[T] | T],
    what: str | Callable[[], object],
    *,
    seconds: float = PATIENCE_S,
    pause_s: float = LOOK_S,
) -> T:
    """Poll until a condition holds; return its value.

    Args:
        condition: plain or asynchronous; it holds if its value is true.
        what: text for the failure message; a callable is called at the end and can report the actual state.
        seconds: how long to wait; tests with their own deadline set it.
        pause_s: pause between two polls; 0 for conditions that hold only for a moment.
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
    """Do the same as `until`, without an event loop."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(LOOK_S)
    return found
