"""Starting a server whose port another one may take, and waiting until it answers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from embedded.errors import ServerFailed
from embedded.servers import ports
from embedded.servers.children import Child

ATTEMPTS = 3

T = TypeVar("T")


def in_attempts(name: str, log: Path, attempt: Callable[[], T | None]) -> T:
    """Return the result of the first attempt that has one.

    Raises:
        ServerFailed: no attempt has one.
    """
    for _ in range(ATTEMPTS):
        started = attempt()
        if started is not None:
            return started
    raise ServerFailed(f"{name} did not start in {ATTEMPTS} attempts", log)


def on_a_port(kept: Path, spawn: Callable[[int], Child], answers: Callable[[Child, int], bool]) -> int | None:
    """Start a server on the port in the file `kept`, or on another if that one is taken.

    Return the port; None if the server ended, for example because another one took the port.
    """
    port = ports.remember(kept, ports.remembered(kept) or ports.any_free())
    return port if answers(spawn(port), port) else None


def answers_within(seconds: float, child: Child, ask: Callable[[], object], failure: type[Exception]) -> bool:
    """Ask a server until it answers; return False if it ended.

    Raises:
        ServerFailed: it did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.has_ended():
            return False
        try:
            ask()
        except failure:
            time.sleep(0.05)
        else:
            return True
    raise ServerFailed(f"{child.name} did not answer within {seconds:.0f} s", child.log)
