"""Until when an answer is wanted, known to whoever asks a store for it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Deadline:
    ends_at: float
    cut_short: bool = False
    """Whether something was left out of the answer that more time would have brought."""


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def ending_in(seconds: float, *, anew: bool = False) -> Iterator[Deadline]:
    """A deadline for what is asked within; never later than one around it, unless it begins anew."""
    around = None if anew else _current.get()
    ends_at = min(time.monotonic() + seconds, around.ends_at if around else math.inf)
    token = _current.set(deadline := Deadline(ends_at))
    try:
        yield deadline
    finally:
        _current.reset(token)


def left_s() -> float:
    """Seconds until the deadline; without one, for ever."""
    deadline = _current.get()
    return math.inf if deadline is None else max(0.0, deadline.ends_at - time.monotonic())


def cut_short() -> None:
    """Say that the answer lacks something, so that it is not kept for others."""
    if deadline := _current.get():
        deadline.cut_short = True
