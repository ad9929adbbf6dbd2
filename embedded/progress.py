"""What a person sees while they wait: one line for each step, with its seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    """Where the caller's output is its own, such as a test run's."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say that a step is done and how long it took; a step that fails says nothing more."""
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"  {name} ...", end="\r", flush=True)
    yield
    print(f"  {name:<44}{time.monotonic() - started:6.1f} s", flush=True)


def counted(what: str) -> Callable[[int, int], None]:
    """Show how far a long step is, on a terminal; a log would only be filled by it."""

    def show(done: int, total: int) -> None:
        if sys.stdout.isatty():
            print(f"  {done:,} of {total:,} {what} ...".ljust(50), end="\r", flush=True)

    return show
