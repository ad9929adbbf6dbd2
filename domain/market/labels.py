"""Labels for a difference to the median, when there is no label, and the change to the next better one."""

from dataclasses import dataclass

from domain.market.figures import Figures
from schemas.vocabulary import DealLabel

FEWEST = 8
"""With fewer comparables, a median reflects chance more than the market."""
FEWEST_FOR_RANGE = 5
MOST_TENTHS = 99_999
"""A larger difference is a typing error, so its exact size does not matter."""
SUSPICIOUS = -350
"""A price a third below all others is an error or a lure, so it is never praised."""

UP_TO: tuple[tuple[int, DealLabel], ...] = (
    (SUSPICIOUS - 1, DealLabel.CHECK_PRICE),
    (-120, DealLabel.GREAT),
    (-50, DealLabel.GOOD),
    (49, DealLabel.FAIR),
    (119, DealLabel.ABOVE),
)
"""Upper limits, inclusive, in tenths of a percent from the median; above the last one the label is high."""
BY_PRICE = (*(label for _, label in UP_TO), DealLabel.HIGH)


@dataclass(frozen=True)
class Change:
    """The change of the price that would earn a better label."""

    label: DealLabel
    price: int
    difference: int
    """Whole rupees; negative if the price would have to fall."""


def tenths_off(price_per_sqft: int, median: int) -> int:
    """Return the difference to the median in tenths of a percent, above (+) or below (-), half up."""
    return min((2_000 * (price_per_sqft - median) + median) // (2 * median), MOST_TENTHS)


def label_of(tenths: int) -> DealLabel:
    return next((label for most, label in UP_TO if tenths <= most), DealLabel.HIGH)


def label_among(price_per_sqft: int, found: Figures) -> DealLabel:
    """Return the label; always fair within the median's interval, where a difference may be chance."""
    if found.low <= price_per_sqft <= found.high:
        return DealLabel.FAIR
    return label_of(tenths_off(price_per_sqft, found.median))


def next_better(price: int, area_sqft: int, found: Figures) -> Change | None:
    """Return the smallest change of the price that earns a better label in a buyer's eyes.

    For `check_price` this is a rise, for all other labels a fall. None for a great price.
    """
    per_sqft = price_per_sqft(price, area_sqft)
    now = label_among(per_sqft, found)
    if now is DealLabel.CHECK_PRICE:
        credible = min(found.low, _most_per_sqft(SUSPICIOUS - 1, found.median) + 1)
        return _change(price, _least_price(credible, area_sqft), area_sqft, found)
    edges = {_most_per_sqft(most, found.median) for most, _ in UP_TO[1:]} | {found.low - 1, found.high}
    for edge in sorted((edge for edge in edges if 0 < edge < per_sqft), reverse=True):
        if DealLabel.CHECK_PRICE is not label_among(edge, found) and _cheaper(label_among(edge, found), now):
            return _change(price, _most_price(edge, area_sqft), area_sqft, found)
    return None


def _cheaper(one: DealLabel, other: DealLabel) -> bool:
    return BY_PRICE.index(one) < BY_PRICE.index(other)


def _change(price: int, wanted: int, area_sqft: int, found: Figures) -> Change:
    return Change(label_among(price_per_sqft(wanted, area_sqft), found), wanted, wanted - price)


def price_per_sqft(price: int, area_sqft: int) -> int:
    """Round half up, like the generated column in the database."""
    return (price + area_sqft // 2) // area_sqft


def _most_per_sqft(tenths: int, median: int) -> int:
    """Return the greatest price per sqft that is at most this many tenths of a percent off the median."""
    return median - (-(median * (2 * tenths + 1)) // 2_000) - 1


def _most_price(per_sqft: int, area_sqft: int) -> int:
    return (per_sqft + 1) * area_sqft - area_sqft // 2 - 1


def _least_price(per_sqft: int, area_sqft: int) -> int:
    return per_sqft * area_sqft - area_sqft // 2
