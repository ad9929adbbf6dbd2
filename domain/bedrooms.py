"""Bedrooms as a number, as the index's keyword and as people say it: halves are real, 0.5 is 1 RK."""

from decimal import Decimal
from functools import lru_cache

Number = float | int
FEWEST, MOST = 0.5, 20


def bedrooms(number: Decimal) -> Number | None:
    """The number of bedrooms that a number says; None if it is no half and no whole, or none there is."""
    if number * 2 % 1 or not FEWEST <= number <= MOST:
        return None
    return float(number) if number % 1 else int(number)


@lru_cache(maxsize=64)  # there are forty of them, and every search names some
def bhk_term(bhk: Number) -> str:
    """`3`, `2.5`: chosen and counted as a word, for nobody measures with it."""
    return f"{bhk:g}"


@lru_cache(maxsize=64)
def bhk_number(term: str) -> Number:
    number = float(term)
    return int(number) if number.is_integer() else number


@lru_cache(maxsize=64)
def bhk_label(bhk: Number) -> str:
    return "1 RK" if bhk == 0.5 else f"{bhk:g} BHK"
