"""Search rate limits: one token bucket per address.

A bucket is stored as the time at which it will be full again. After that time it equals an unused one and
is removed. Each process counts separately: an address whose requests are spread over several workers gets
that much more, but no search waits for another machine.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from domain.security.addresses import Network
from schemas.errors import Quota, TooManyRequests

MOST_ADDRESSES = 20_000
"""A few megabytes. A client with more addresses than this can push out the oldest counts."""


class SearchLimits:
    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the limits.

        Args:
            rate: sustained searches a second; 0 for no limit.
            burst: searches at once after a pause.
            clock: returns the time in seconds.
        """
        self._rate, self._burst, self._clock = rate, burst, clock
        self._full_at: OrderedDict[Network, float] = OrderedDict()
        """Ordered by the last search."""

    def take_token(self, address: Network) -> None:
        """Take a token; raises TooManyRequests if the bucket is empty."""
        if not self._rate:
            return
        now, each_s = self._clock(), 1 / self._rate
        full_at = max(now, self._full_at.get(address, now)) + each_s
        wait_s = full_at - now - self._burst * each_s
        if wait_s > each_s * 1e-6:  # less is a rounding error
            quota = Quota("search", self._burst, math.ceil(self._burst * each_s))
            raise TooManyRequests("So many searches at once; slow down.", math.ceil(wait_s), quota)
        self._full_at[address] = full_at
        self._full_at.move_to_end(address)
        self._remove_old_buckets(now)

    def _remove_old_buckets(self, now: float) -> None:
        """Remove at most two old buckets, so that no request pays for many."""
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= MOST_ADDRESSES:
                return
            del self._full_at[oldest]
            if not self._full_at:
                return
