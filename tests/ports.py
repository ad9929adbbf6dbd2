"""Ports that have to be known before somebody listens there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.ports import LOOPBACK


@contextmanager
def kept_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile, nor between two servers of ours.

    The kernel does not give away what is bound, and lets a server listen there whose socket says that
    it may share an address which nobody listens at: every server's says so, to come back at once.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        yield keeper.getsockname()[1]
