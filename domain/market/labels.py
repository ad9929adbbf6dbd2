"""What a difference to the median is called, when nothing is said, and what the next name would take."""

from dataclasses import dataclass

from domain.market.figures import Figures
from schemas.vocabulary import DealLabel

FEWEST = 8
"""Comparables below which a median says more about chance than about the market."""
FEWEST_FOR_RANGE = 5
MOST_TENTHS = 99_999
"""What lies further off is a slip of the keyboard, and its exact size says nothing."""
SUSPICIOUS = -350
"""A third below everyone else is an error or a lure, and never praised."""

UP_TO: tuple[tuple[int, DealLabel], ...] = (
    (SUSPICIOUS - 1, DealLabel.CHECK_PRICE),
    (-120, DealLabel.GREAT),
    (-50, DealLabel.GOOD),
    (49, DealLabel.FAIR),
    (119, DealLabel.ABOVE),
)
"""Up to and including this many tenths of a percent against the median; beyond the last it is high."""
BY_PRICE = (*(label for _, label in UP_TO), DealLabel.HIGH)


@dataclass(frozen=True)
class Change:
    """What the price would have to be for the next better name."""

    label: DealLabel
    price: int
    difference: int
    """Whole rupees; negative where the price would have to fall."""


def tenths_off(price_per_sqft: int, median: int) -> int:
    """How far a price lies above (+) or below (-) the median, in tenths of a percent, half up."""
    return min((2_000 * (price_per_sqft - median) + median) // (2 * median), MOST_TENTHS)


def label_of(tenths: int) -> DealLabel:
    return next((label for most, label in UP_TO if tenths <= most), DealLabel.HIGH)


def label_among(price_per_sqft: int, found: Figures) -> DealLabel:
    """Other than fair only outside the median's interval: within it, the difference may be chance."""
    if found.low <= price_per_sqft <= found.high:
        return DealLabel.FAIR
    return label_of(tenths_off(price_per_sqft, found.median))


def next_better(price: int, area_sqft: int, found: Figures) -> Change | None:
    """The smallest change of the price that a buyer would be told as a better name.

    Out of `check_price` that is a rise; for the rest it is a fall. None for a great price.
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
    """As the database's generated column has it: half up."""
    return (price + area_sqft // 2) // area_sqft


def _most_per_sqft(tenths: int, median: int) -> int:
    """The greatest price per sqft that is at most so many tenths of a percent off the median."""
    return median - (-(median * (2 * tenths + 1)) // 2_000) - 1


def _most_price(per_sqft: int, area_sqft: int) -> int:
    return (per_sqft + 1) * area_sqft - area_sqft // 2 - 1


def _least_price(per_sqft: int, area_sqft: int) -> int:
    return per_sqft * area_sqft - area_sqft // 2
