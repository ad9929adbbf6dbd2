"""Free ports on loopback. Ports are reused where possible, so that saved addresses keep working."""

import random
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Servers set this too, so a port counts as free although its last server has just ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """Return a port that is free at this moment, chosen by the kernel."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def free_run(candidates: Iterable[int], length: int) -> int:
    """Return the first of `length` consecutive free ports, chosen at random so that stacks rarely collide."""
    starts = list(candidates)
    random.shuffle(starts)
    runs = (start for start in starts if all(is_free(start + step) for step in range(length)))
    return next(runs, starts[0])


def remembered(path: Path) -> int | None:
    """Return the port saved in the file if it is free now, else None."""
    if not path.exists():
        return None
    port = int(path.read_text())
    return port if is_free(port) else None


def remember(path: Path, port: int) -> int:
    path.write_text(str(port))
    return port
