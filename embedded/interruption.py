"""Ctrl-C and SIGTERM: the first one ends the work where it stands, later ones change nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody wants the stack to stop; of the kind that no retry and no event loop swallows."""


def interrupt(_number: int, _frame: FrameType | None) -> None:
    ignore()  # what is being put away must not be interrupted again
    os.write(1, b"\nstopping\n")
    raise Interrupted


def nothing(_number: int, _frame: FrameType | None) -> None:
    """Unlike SIG_IGN, this is not inherited by children, and the interpreter does not complain of it."""


def ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, nothing)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted in here at the first signal; leave signals ignored behind it."""
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        ignore()
