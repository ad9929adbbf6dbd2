"""Progress on the terminal: one line per step, with its seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    """Print to stderr, which keeps stdout free for the caller, such as a test run."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print a step and how long it took; a step that fails prints no time."""
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"  {name} ...", end="\r", flush=True)
    yield
    print(f"  {name:<44}{time.monotonic() - started:6.1f} s", flush=True)


def counted(what: str) -> Callable[[int, int], None]:
    """Return a function that shows the progress of a step; silent without a terminal, to keep logs short."""

    def show(done: int, total: int) -> None:
        if sys.stdout.isatty():
            print(f"  {done:,} of {total:,} {what} ...".ljust(50), end="\r", flush=True)

    return show
