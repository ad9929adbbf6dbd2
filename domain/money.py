"""Parsing and formatting of amounts in lakh and crore, in whole rupees and without floats."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from unicodedata import normalize

from schemas.vocabulary import ListingType

THOUSAND = 1_000
LAKH = 100_000
CRORE = 10_000_000

LARGEST = 10**15
"""Rupees; far above any price, and small enough to be exact in a bigint or a JSON number."""

UNITS = {
    normalize("NFKC", word): rupees
    for rupees, words in (
        (THOUSAND, "k thousand hazar hazaar हज़ार हजार"),
        (LAKH, "l lac lacs lakh lakhs लाख"),
        (CRORE, "c cr crs crore crores करोड़ करोड"),
    )
    for word in words.split()
}
"""The factor of each unit word; text is compared after NFKC and casefolding."""

# Indian, western or no grouping; at most as many digits as `LARGEST` has.
NUMBER = r"(?:\d{1,3}(?:,\d{2,3}){0,6},\d{3}|\d{1,16})(?:\.\d{1,18})?"
UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_PARTS = rf"(?:{NUMBER}\s*(?:{UNIT})\.?\s*)+"
_AMOUNT = re.compile(rf"(?:₹|rs\.?|inr)?\s*({_PARTS}|{NUMBER})\s*(?:rupees)?\s*(?:/-)?")
_PART = re.compile(rf"({NUMBER})\s*({UNIT})?")

LADDER: dict[ListingType, tuple[int, ...]] = {
    ListingType.SALE: (
        *(step * LAKH for step in (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 90)),
        *(step * LAKH for step in (100, 125, 150, 175, 200, 250, 300, 400, 500, 750)),
        *(step * CRORE for step in (10, 15, 20, 30, 50, 100)),
    ),
    ListingType.RENT: (
        *(5_000, 7_500, 10_000, 12_500, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 75_000),
        *(100_000, 150_000, 200_000, 300_000, 500_000, 1_000_000),
    ),
}
"""The price steps in rupees for counting and banding; narrow where most homes are offered."""


def parse_amount(text: str) -> int | None:
    """Return rupees, rounded half up, of `3.9 Cr`, `1,20,00,000` or `1 cr 20 lakh`; else None."""
    amount = _AMOUNT.fullmatch(normalize("NFKC", text[:100]).casefold().strip())
    if amount is None:
        return None
    return in_rupees([
        (Decimal(number.replace(",", "")), UNITS.get(unit, 1)) for number, unit in _PART.findall(amount[1])
    ])  # fmt: skip


def in_rupees(parts: Sequence[tuple[Decimal, int]]) -> int | None:
    """Return the sum of numbers times their units, rounded half up.

    None if the units do not descend, or if the sum exceeds `LARGEST`.
    """
    units = [unit for _, unit in parts]
    if units != sorted(set(units), reverse=True):
        return None  # "20 lakh 1 cr" is probably two amounts
    exact = sum((number * unit for number, unit in parts), Decimal())
    rupees = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return rupees if rupees <= LARGEST else None


def format_amount(rupees: int) -> str:
    """Format as people say it, with at most two decimals: `₹1.2 Cr`, `₹85 L`, `₹25,000`."""
    if rupees >= CRORE - LAKH // 200:  # 99.995 L and more would round to 100 L
        return f"₹{_in_units(rupees, CRORE)} Cr"
    if rupees >= LAKH:
        return f"₹{_in_units(rupees, LAKH)} L"
    return f"₹{rupees:,}"


def _in_units(rupees: int, unit: int) -> str:
    hundredths = (rupees * 100 + unit // 2) // unit
    whole, rest = divmod(hundredths, 100)
    return f"{whole:,}.{rest:02}".rstrip("0").rstrip(".")
