"""Amounts with a unit, by the same grammar as prices in imports (domain/money.py)."""

from decimal import Decimal
from typing import NamedTuple

from domain.money import UNITS, in_rupees
from domain.query_reader.figures.numbers import number_at
from domain.query_reader.phrases import words_of
from domain.query_reader.tokens import Tokens, glued_word_at, is_glue, plain_word, word_at

SCALES = {plain_word(word): scale for word, scale in UNITS.items() if word != "c"}
"""Excludes `c`, because a single c after a number is more often a block, a tower or a builder's name."""
STEPS = sorted(set(SCALES.values()), reverse=True)
CURRENCY = words_of("amount", "currency")


class Amount(NamedTuple):
    rupees: int
    scale: int
    """Factor of its first unit; 1 for plain rupees."""
    end: int


def amount_at(tokens: Tokens, start: int) -> Amount | None:
    """Read `80 lakh`, `1 cr 20 lakh` or `₹25,000`; None for a number without unit or currency."""
    parts: list[tuple[Decimal, int]] = []
    place = start
    while (part := _part(tokens, place)) and (not parts or is_glue(tokens[place].gap)):
        if parts and part[1] >= parts[-1][1]:
            break
        parts.append(part)
        place += 2
    if parts:
        rupees = in_rupees(parts)
        return None if rupees is None else Amount(rupees, parts[0][1], _after_currency(tokens, place))
    return _plain_rupees(tokens, start)


def _part(tokens: Tokens, place: int) -> tuple[Decimal, int] | None:
    scale = SCALES.get(glued_word_at(tokens, place + 1))
    number = number_at(tokens, place) if scale else None
    return None if number is None or scale is None else (number, scale)


def _after_currency(tokens: Tokens, end: int) -> int:
    return end + 1 if glued_word_at(tokens, end) in CURRENCY else end


def _plain_rupees(tokens: Tokens, start: int) -> Amount | None:
    if not tokens[start].number or not is_rupees(tokens, start):
        return None
    rupees = in_rupees([(Decimal(tokens[start].word.replace(",", "")), 1)])
    if rupees is None:
        return None
    return Amount(rupees, 1, _after_currency(tokens, start + 1))


def is_rupees(tokens: Tokens, start: int) -> bool:
    """Return whether the number is marked as money: `₹25,000`, `Rs. 25000`, `25000 rupees`."""
    marked = tokens[start].gap.rstrip().endswith("₹")
    before = start > 0 and tokens[start - 1].word in CURRENCY and is_glue(tokens[start].gap)
    return marked or before or glued_word_at(tokens, start + 1) in CURRENCY


def currency_at(tokens: Tokens, place: int) -> int:
    """Return the position of the number after `Rs.` or `INR`."""
    return place + 1 if word_at(tokens, place) in CURRENCY else place
