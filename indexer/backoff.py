"""Retry delays for a store that is unavailable."""

from collections.abc import Iterator
from random import SystemRandom

SHORTEST_S = 0.2
LONGEST_S = 10.0


def delays() -> Iterator[float]:
    """Yield the seconds to wait before each next attempt.

    The upper bound doubles up to `LONGEST_S`. Delays are random below it, so that processes do not all
    retry at the same moment.
    """
    ceiling = SHORTEST_S
    while True:
        yield SystemRandom().uniform(SHORTEST_S, ceiling)
        ceiling = min(ceiling * 2, LONGEST_S)
