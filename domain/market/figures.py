"""What a set of asking prices says: percentiles, the interval of the median, how far prices lie apart.

Everything is counted in whole numbers, so that two ways to the same prices meet in the same figures.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, takewhile
from math import comb
from statistics import NormalDist

FENCE = 3
"""Prices beyond so many interquartile ranges from the median are slips or other goods."""
UNLIKELY = 0.025
"""How probable it is that the true median lies below its interval, and the same above."""
COUNTED = 1_000
"""Up to so many prices the interval is exact; beyond, the normal distribution differs by less than one."""


@dataclass(frozen=True)
class Figures:
    """Whole rupees per sqft, but for the counts."""

    n: int
    """Prices that count, without the removed."""
    removed: int
    p25: int
    median: int
    p75: int
    low: int
    high: int
    """`low` to `high`: the 95 % interval of the median."""

    @property
    def dispersion_pct(self) -> float:
        """The interquartile range in percent of the median."""
        return round(100 * (self.p75 - self.p25) / self.median, 1) if self.median else 0.0


def figures(prices: Sequence[int]) -> Figures | None:
    """Of ascending prices per sqft; None of none."""
    if not prices:
        return None
    kept = within_fence(prices)
    p25, median, p75 = (rounded(quarters(kept, quarter)) for quarter in (1, 2, 3))
    place = interval_place(len(kept)) or 1
    return Figures(len(kept), len(prices) - len(kept), p25, median, p75, kept[place - 1], kept[-place])


def within_fence(prices: Sequence[int]) -> Sequence[int]:
    """Once, and not where half of all prices are equal: then any other would be beyond."""
    p25, median, p75 = (quarters(prices, quarter) for quarter in (1, 2, 3))
    reach = FENCE * (p75 - p25)
    if reach == 0:
        return prices
    least, most = -((reach - median) // 4), (median + reach) // 4
    return prices[bisect_left(prices, least) : bisect_right(prices, most)]


def quarters(prices: Sequence[int], quarter: int) -> int:
    """Four times the first, second or third quartile of ascending prices, as `percentile_cont` has it."""
    place, rest = divmod(quarter * (len(prices) - 1), 4)
    above = prices[min(place + 1, len(prices) - 1)]
    return prices[place] * (4 - rest) + above * rest


def rounded(fourfold: int) -> int:
    return (fourfold + 2) // 4


@lru_cache(maxsize=4_096)
def interval_place(n: int) -> int:
    """Which of `n` ascending prices, counted from either end and from 1, bounds the median's interval.

    The number of prices below the true median is binomial with a half. 0 where `n` is too small for any.
    """
    if n > COUNTED:
        return int(n / 2 + NormalDist().inv_cdf(UNLIKELY) * n**0.5 / 2)
    ways = accumulate(comb(n, below) for below in range(n + 1))
    return sum(1 for _ in takewhile(lambda each: each <= UNLIKELY * 2**n, ways))
