"""How often one address may search: a bucket of tokens for each, which fills again while it rests.

A bucket is kept as the moment at which it will be full again. Once that has passed it is as good as one
that nobody has used, so it is forgotten. Each process keeps count by itself: an address that is spread
over several workers gets that much more, and no search waits for another machine to be let in.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from domain.addresses import Network
from schemas.errors import Quota, TooManyRequests

MOST_ADDRESSES = 20_000
"""Some megabytes. Whoever has more addresses than that can have the oldest count forgotten."""


class SearchLimits:
    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Let searches pass.

        Args:
            rate: searches a second, for ever; 0 for no limit.
            burst: searches at once, after a rest.
            clock: in seconds.
        """
        self._rate, self._burst, self._clock = rate, burst, clock
        self._full_at: OrderedDict[Network, float] = OrderedDict()
        """In the order of the last search."""

    def take(self, address: Network) -> None:
        """Raises TooManyRequests."""
        if not self._rate:
            return
        now, each_s = self._clock(), 1 / self._rate
        full_at = max(now, self._full_at.get(address, now)) + each_s
        wait_s = full_at - now - self._burst * each_s
        if wait_s > each_s * 1e-6:  # less is the rounding of a sum
            quota = Quota("search", self._burst, math.ceil(self._burst * each_s))
            raise TooManyRequests("So many searches at once; slow down.", math.ceil(wait_s), quota)
        self._full_at[address] = full_at
        self._full_at.move_to_end(address)
        self._forget(now)

    def _forget(self, now: float) -> None:
        """A few at a time, so that none pays for many."""
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= MOST_ADDRESSES:
                return
            del self._full_at[oldest]
            if not self._full_at:
                return
