"""Bedrooms as a number, an index keyword and a label; halves are valid, 0.5 is 1 RK."""

from decimal import Decimal
from functools import lru_cache

Number = float | int
FEWEST, MOST = 0.5, 20


def bedrooms(number: Decimal) -> Number | None:
    """Return a number of bedrooms; None if it is not a multiple of 0.5 or is out of range."""
    if number * 2 % 1 or not FEWEST <= number <= MOST:
        return None
    return float(number) if number % 1 else int(number)


@lru_cache(maxsize=64)  # there are forty values, and every search uses some
def bhk_term(bhk: Number) -> str:
    """Return the keyword, such as `3` or `2.5`; bedrooms are filtered and counted, never compared by size."""
    return f"{bhk:g}"


@lru_cache(maxsize=64)
def bhk_number(term: str) -> Number:
    number = float(term)
    return int(number) if number.is_integer() else number


@lru_cache(maxsize=64)
def bhk_label(bhk: Number) -> str:
    return "1 RK" if bhk == 0.5 else f"{bhk:g} BHK"
