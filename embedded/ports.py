"""Free ports on loopback, the same ones again where possible, so that a saved address keeps working."""

import random
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port whose last server has just ended is free for the next server, which sets this too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port that nobody has at this moment; the kernel chooses."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def free_run(candidates: Iterable[int], length: int) -> int:
    """The first of `length` free ports in a row, drawn at random so that two stacks seldom meet."""
    starts = list(candidates)
    random.shuffle(starts)
    runs = (start for start in starts if all(is_free(start + step) for step in range(length)))
    return next(runs, starts[0])


def remembered(path: Path) -> int | None:
    """The port that was kept here, if it can be had again."""
    if not path.exists():
        return None
    port = int(path.read_text())
    return port if is_free(port) else None


def remember(path: Path, port: int) -> int:
    path.write_text(str(port))
    return port
