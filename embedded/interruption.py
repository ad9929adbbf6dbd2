"""Ctrl-C, SIGTERM and SIGHUP: the first one interrupts the work, later ones are ignored."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """The stack is asked to stop. A KeyboardInterrupt, so that retries and event loops do not swallow it."""


def interrupt(_number: int, _frame: FrameType | None) -> None:
    ignore()  # the shutdown must not be interrupted again
    os.write(1, b"\nstopping\n")
    raise Interrupted


def nothing(_number: int, _frame: FrameType | None) -> None:
    """Ignore a signal; unlike SIG_IGN, children do not inherit this and the interpreter does not complain."""


def ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, nothing)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted in the block at the first signal; signals stay ignored after the block."""
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        ignore()
