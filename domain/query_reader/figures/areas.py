"""Units of area, the same as in imports (domain/areas.py)."""

from decimal import Decimal

from domain.areas import UNITS, squash
from domain.query_reader.tokens import Tokens, glued_word_at

LONGEST_UNIT = 2
"""Words: `sq ft`, `square metres`."""


def area_unit_at(tokens: Tokens, place: int) -> tuple[Decimal, int] | None:
    """Return the square feet per unit for the unit at this position, and where its name ends."""
    name, end, found = "", place, None
    while end < place + LONGEST_UNIT and (word := glued_word_at(tokens, end)):
        name, end = name + (word if word.isascii() else squash(word)), end + 1
        size = UNITS.get(name) or UNITS.get(name.removesuffix("s"))
        found = (size, end) if size else found
    return found
