"""How long to wait for a store that is away."""

from collections.abc import Iterator
from random import SystemRandom

SHORTEST_S = 0.2
LONGEST_S = 10.0


def delays() -> Iterator[float]:
    """Seconds to wait before each next attempt: doubling, and spread, lest processes come back together."""
    ceiling = SHORTEST_S
    while True:
        yield SystemRandom().uniform(SHORTEST_S, ceiling)
        ceiling = min(ceiling * 2, LONGEST_S)
