"""The comparison of one listing: the first level with enough comparables, its figures, and the label."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.market.figures import Figures, figures, within_fence
from domain.market.labels import FEWEST, FEWEST_FOR_RANGE, label_among, tenths_off
from schemas.vocabulary import DealLabel, MarketLevel, MarketReason


@dataclass(frozen=True)
class TriedLevel:
    """One level of the ladder, with its number of comparables."""

    level: MarketLevel
    n: int
    removed: int


@dataclass(frozen=True)
class Comparison:
    """A comparison without a label has a reason; with fewer than five comparables it has no figures."""

    level: MarketLevel | None
    n: int
    figures: Figures | None
    percentile: float | None
    """Percent of the comparables that are cheaper; equal prices count half."""
    delta_tenths: int | None
    label: DealLabel | None
    reason: MarketReason | None
    ladder: tuple[TriedLevel, ...]


def compare(price_per_sqft: int, tried: Iterable[tuple[MarketLevel, Sequence[int]]]) -> Comparison:
    """Climb the ladder to the first level with enough comparables, and judge by that level.

    Args:
        price_per_sqft: of the subject, in whole rupees.
        tried: ascending prices per sqft of the comparables by level; consumed only as far as needed.
    """
    ladder: list[TriedLevel] = []
    level: MarketLevel | None = None
    prices: Sequence[int] = ()
    found: Figures | None = None
    for level, prices in tried:
        found = figures(prices)
        ladder.append(TriedLevel(level, found.n if found else 0, found.removed if found else 0))
        if ladder[-1].n >= FEWEST:
            break
    counting = within_fence(prices) if prices else ()
    return judge(price_per_sqft, level, found, percentile(price_per_sqft, counting), tuple(ladder))


def judge(
    price_per_sqft: int,
    level: MarketLevel | None,
    found: Figures | None,
    share_below: float | None,
    ladder: tuple[TriedLevel, ...],
) -> Comparison:
    n = found.n if found else 0
    if found is None or n < FEWEST_FOR_RANGE:
        return Comparison(level, n, None, None, None, None, MarketReason.INSUFFICIENT_DATA, ladder)
    reason = reason_for_none(level, found)
    if reason is not None:
        return Comparison(level, n, found, share_below, None, None, reason, ladder)
    delta = tenths_off(price_per_sqft, found.median)
    return Comparison(level, n, found, share_below, delta, label_among(price_per_sqft, found), None, ladder)


def reason_for_none(level: MarketLevel | None, found: Figures) -> MarketReason | None:
    """Return why a comparison with figures has no label; None if it has one."""
    if found.n < FEWEST:
        return MarketReason.TOO_FEW
    if level is MarketLevel.CITY:
        return MarketReason.CITY_LEVEL
    if found.median == 0:  # an area of acres for a few rupees is less than half a rupee per sqft
        return MarketReason.NO_MEDIAN
    return None


def percentile(price_per_sqft: int, prices: Sequence[int]) -> float | None:
    """Return the mid-rank in percent, with one decimal."""
    if not prices:
        return None
    below, upto = bisect_left(prices, price_per_sqft), bisect_right(prices, price_per_sqft)
    return round(50 * (below + upto) / len(prices), 1)
