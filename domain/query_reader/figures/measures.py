"""Single figures: rupees, rupees per sqft, square feet, or a number without a unit."""

from decimal import Decimal
from typing import NamedTuple

from domain.money import CRORE, LAKH
from domain.query_reader.figures.amounts import amount_at
from domain.query_reader.figures.areas import area_unit_at
from domain.query_reader.figures.bedrooms import ONE_ROOM, UNITS
from domain.query_reader.figures.numbers import number_at
from domain.query_reader.phrases import words_of
from domain.query_reader.readings import Field
from domain.query_reader.tokens import Tokens, word_at
from schemas.vocabulary import ListingType

PER = words_of("range", "per")
PER_SQFT = "psf"
SINGLE_BARE = (1, 999)
"""A bare number for a home for sale is in lakhs."""
MONTHLY_BARE = (1_000, 99_999)
"""A bare number for a home for rent is in rupees."""
DEAREST_BARE = 100 * CRORE
"""Rupees; a number of ten digits is a phone number."""


class Measure(NamedTuple):
    """One figure: rupees, rupees per sqft, sqft, or a number whose unit is unknown."""

    field: Field | None
    amount: Decimal
    scale: Decimal
    """Factor of its unit; 1 without a unit."""
    end: int


class Bare(NamedTuple):
    """How to interpret numbers without a unit."""

    listing_type: ListingType

    def scale(self, number: Decimal) -> Decimal | None:
        if number >= LAKH:
            return Decimal(1) if number < DEAREST_BARE else None
        rent = self.listing_type is ListingType.RENT
        low, high = MONTHLY_BARE if rent else SINGLE_BARE
        return Decimal(1 if rent else LAKH) if low <= number <= high else None


def measure_at(tokens: Tokens, start: int) -> Measure | None:
    """Read a figure with its unit, or a bare number unless it counts bedrooms."""
    number = number_at(tokens, start)
    if number is None:
        return None
    if amount := amount_at(tokens, start):
        money = Measure(Field.PRICE, Decimal(amount.rupees), Decimal(amount.scale), amount.end)
        return _as_rate(tokens, money) or money
    if unit := area_unit_at(tokens, start + 1):
        return Measure(Field.AREA, number * unit[0], unit[0], unit[1])
    alone = Measure(None, number, Decimal(1), start + 1)
    return _as_rate(tokens, alone) or (None if _counts_bedrooms(tokens, start) else alone)


def _counts_bedrooms(tokens: Tokens, start: int) -> bool:
    """Return whether the figure counts bedrooms, or is a word, which needs a unit."""
    unit = UNITS.at(tokens, start + 1) or ONE_ROOM.at(tokens, start + 1)
    return unit is not None or not tokens[start].number


def _as_rate(tokens: Tokens, money: Measure) -> Measure | None:
    per = _per_sqft(tokens, money.end)
    return per and Measure(Field.PRICE_PER_SQFT, money.amount / per[0], money.scale, per[1])


def _per_sqft(tokens: Tokens, place: int) -> tuple[Decimal, int] | None:
    """Read `per sqft`, `/sq ft` or `psf`; return the square feet of the rate, and where it ends."""
    if word_at(tokens, place) == PER_SQFT:
        return Decimal(1), place + 1
    if word_at(tokens, place) in PER:
        return area_unit_at(tokens, place + 1)
    if place < len(tokens) and tokens[place].gap.strip() in {"/", "/-/"}:
        glued = [tokens[place]._replace(gap=""), *tokens[place + 1 : place + 3]]
        unit = area_unit_at(glued, 0)
        return unit and (unit[0], place + unit[1])
    return None


def settled(measure: Measure, bare: Bare | None) -> Measure | None:
    """Return the figure with its own unit or the one that `bare` assigns; None if neither."""
    if measure.field is not None:
        return measure
    scale = bare.scale(measure.amount) if bare else None
    if scale is None:
        return None
    return Measure(Field.PRICE, measure.amount * scale, scale, measure.end)
