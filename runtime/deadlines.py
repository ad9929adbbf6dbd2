"""The deadline of the current request, known to all code that queries a store."""

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
    """Whether the answer is incomplete because time ran out."""


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def ending_in(seconds: float, *, anew: bool = False) -> Iterator[Deadline]:
    """Set the deadline of the block; it is never later than an enclosing one, which `anew` ignores."""
    around = None if anew else _current.get()
    ends_at = min(time.monotonic() + seconds, around.ends_at if around else math.inf)
    token = _current.set(deadline := Deadline(ends_at))
    try:
        yield deadline
    finally:
        _current.reset(token)


def left_s() -> float:
    """Seconds until the deadline; infinite without one."""
    deadline = _current.get()
    return math.inf if deadline is None else max(0.0, deadline.ends_at - time.monotonic())


def cut_short() -> None:
    """Mark the answer as incomplete, so that it is not cached."""
    if deadline := _current.get():
        deadline.cut_short = True
