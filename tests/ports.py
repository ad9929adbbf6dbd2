"""Ports that must be known before a server listens on them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.servers.ports import LOOPBACK


@contextmanager
def kept_port() -> Iterator[int]:
    """Reserve a port that no other program is given, even while the server under test restarts.

    The kernel does not hand out a bound port. But a server may listen on it if both sockets set
    SO_REUSEADDR and nothing else listens there. Servers set it so that they can restart at once.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        yield keeper.getsockname()[1]
