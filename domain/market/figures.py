"""Statistics of asking prices: percentiles, the median's confidence interval, dispersion.

All figures are integers, so that both implementations give the same results.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, takewhile
from math import comb
from statistics import NormalDist

FENCE = 3
"""Prices beyond this many interquartile ranges from the median are errors or a different kind of property."""
UNLIKELY = 0.025
"""Probability that the true median is below its interval, and the same for above."""
COUNTED = 1_000
"""Up to this many prices the interval is exact; beyond, the normal approximation is off by less than one."""


@dataclass(frozen=True)
class Figures:
    """Whole rupees per sqft, except for the counts."""

    n: int
    """Number of prices that count, without the removed ones."""
    removed: int
    p25: int
    median: int
    p75: int
    low: int
    high: int
    """`low` to `high` is the 95 % interval of the median."""

    @property
    def dispersion_pct(self) -> float:
        """The interquartile range in percent of the median."""
        return round(100 * (self.p75 - self.p25) / self.median, 1) if self.median else 0.0


def figures(prices: Sequence[int]) -> Figures | None:
    """Return the figures of ascending prices per sqft; None without prices."""
    if not prices:
        return None
    kept = within_fence(prices)
    p25, median, p75 = (rounded(quarters(kept, quarter)) for quarter in (1, 2, 3))
    place = interval_place(len(kept)) or 1
    return Figures(len(kept), len(prices) - len(kept), p25, median, p75, kept[place - 1], kept[-place])


def within_fence(prices: Sequence[int]) -> Sequence[int]:
    """Remove outliers, in one pass.

    If the middle half of the prices is equal, all are kept, because any other would be an outlier.
    """
    p25, median, p75 = (quarters(prices, quarter) for quarter in (1, 2, 3))
    reach = FENCE * (p75 - p25)
    if reach == 0:
        return prices
    least, most = -((reach - median) // 4), (median + reach) // 4
    return prices[bisect_left(prices, least) : bisect_right(prices, most)]


def quarters(prices: Sequence[int], quarter: int) -> int:
    """Return four times a quartile (1 to 3) of ascending prices, as `percentile_cont` computes it."""
    place, rest = divmod(quarter * (len(prices) - 1), 4)
    above = prices[min(place + 1, len(prices) - 1)]
    return prices[place] * (4 - rest) + above * rest


def rounded(fourfold: int) -> int:
    return (fourfold + 2) // 4


@lru_cache(maxsize=4_096)
def interval_place(n: int) -> int:
    """Return the rank that bounds the median's interval among `n` ascending prices.

    The rank counts from 1, from either end. The number of prices below the true median is binomial with
    p = 1/2. Returns 0 if `n` is too small for an interval.
    """
    if n > COUNTED:
        return int(n / 2 + NormalDist().inv_cdf(UNLIKELY) * n**0.5 / 2)
    ways = accumulate(comb(n, below) for below in range(n + 1))
    return sum(1 for _ in takewhile(lambda each: each <= UNLIKELY * 2**n, ways))
