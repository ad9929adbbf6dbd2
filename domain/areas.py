"""Parsing of areas into whole square feet: sqft, square yards (gaj) and square metres."""

import re
from decimal import ROUND_HALF_UP, Decimal
from unicodedata import normalize

from domain.money import NUMBER

SQUARE_YARD = Decimal(9)
SQUARE_METRE = Decimal("10.7639104")


def squash(words: str) -> str:
    """Return only the letters and digits: `Sq. Ft.` becomes `sqft`."""
    return re.sub(r"[\W_]", "", words)


UNITS = {
    squash(normalize("NFKC", name)): sqft
    for sqft, names in (
        (
            Decimal(1),
            "sqft, sft, sqfeet, squarefeet, squarefoot, ft2, vargfoot, vargfeet, vargfut, वर्ग फुट, वर्ग फीट",
        ),
        (SQUARE_YARD, "sqyd, sqyrd, sqyard, squareyard, yard, yd, gaj, gajj, varggaj, गज, वर्ग गज"),
        (
            SQUARE_METRE,
            "sqm, sqmt, sqmtr, sqmeter, sqmetre, squaremetre, squaremeter, m2, vargmeter, वर्ग मीटर",
        ),
    )
    for name in names.split(",")
}
"""Square feet per unit, by the unit's name without blanks, dots and the plural s."""

_AREA = re.compile(rf"({NUMBER})\s*(.*)")


def parse_area(text: str) -> int | None:
    """Return square feet, rounded half up, of `991 sqft`, `145 sqyrd` or a bare `1,625`; else None."""
    area = _AREA.fullmatch(normalize("NFKC", text[:100]).casefold().strip())
    if area is None:
        return None
    size, unit = Decimal(area[1].replace(",", "")), squash(area[2]).removesuffix("s")
    if unit and unit not in UNITS:
        return None
    return in_sqft(size, UNITS.get(unit, Decimal(1)))


def in_sqft(size: Decimal, unit: Decimal) -> int:
    return int((size * unit).quantize(Decimal(1), ROUND_HALF_UP))
