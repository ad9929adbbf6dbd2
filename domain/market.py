"""A price against its market: what a difference to the median is called, and when nothing is said."""

from dataclasses import dataclass

from schemas.vocabulary import DealLabel

FEWEST = 8  # comparables below which a median says more about chance than about the market
MOST_PCT = 9_999.9  # what lies further off is a slip of the keyboard, and its exact size says nothing
SUSPICIOUS_PCT = -35.0  # a third below everyone else is an error or a lure, and never praised
STEPS: tuple[tuple[float, DealLabel], ...] = (
    (-12.0, DealLabel.GREAT),
    (-5.0, DealLabel.GOOD),
)
"""Up to and including this many percent against the median."""
DEARER_STEPS: tuple[tuple[float, DealLabel], ...] = (
    (12.0, DealLabel.HIGH),
    (5.0, DealLabel.ABOVE),
)
"""From this many percent on."""


@dataclass(frozen=True)
class Deal:
    """Without a label there is a reason."""

    delta_pct: float | None
    label: DealLabel | None
    reason: str | None


def deal(price_per_sqft: int, *, median: int | None, n: int) -> Deal:
    """Compare rupees per sqft with the median of `n` asking prices on the same area basis."""
    if median is None or n < FEWEST:
        return Deal(None, None, "too_few")
    if median == 0:
        return Deal(None, None, "no_median")  # acres for a few rupees: less than half a rupee per sqft
    delta_pct = min(round((price_per_sqft - median) / median * 100, 1), MOST_PCT)
    return Deal(delta_pct, label_of(delta_pct), None)


def label_of(delta_pct: float) -> DealLabel:
    if delta_pct < SUSPICIOUS_PCT:
        return DealLabel.CHECK_PRICE
    for most, label in STEPS:
        if delta_pct <= most:
            return label
    for least, label in DEARER_STEPS:
        if delta_pct >= least:
            return label
    return DealLabel.FAIR
