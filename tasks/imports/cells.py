"""How a cell is understood, field by field: text in, the property's columns out, or what is wrong with it."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from domain.areas import parse_area
from domain.money import parse_amount
from domain.places import find_place
from schemas.api.base import LONGEST_SOCIETY
from schemas.tables.properties import DIRECTIONS
from schemas.vocabulary import Direction, Furnishing, ListingType, Possession, PropertyType
from tasks.imports.mapping import FieldName

Values = dict[str, Any]
"""Columns of a property."""
Reader = Callable[[str], Values]


class Unusable(Exception):
    """A cell that cannot be used, with the code and the sentence that the report shows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


BOUNDS: dict[str, tuple[float, float]] = {
    "bhk": (0.5, 20),
    "bathrooms": (0, 30),
    "balconies": (0, 30),
    "area_sqft": (50, 1_000_000),
    "price": (500, 100_000_000_000),
    "floor_number": (-3, 100),
    "total_floors": (0, 100),
    "age_years": (0, 150),
    "open_sides": (0, 4),
    "latitude": (28.3, 28.8),
    "longitude": (77.2, 77.6),
}
"""As the table's own checks have them, said before Postgres is asked."""

LONGEST = {"external_ref": 100, "title": 200, "society": LONGEST_SOCIETY, "description": 10_000}
"""Characters."""

FLOORS = {"ground": 0, "basement": -1, "upper basement": -1, "lower basement": -2, "lower ground": -1}

_BHK = re.compile(r"(\d{1,3}(?:\.\d)?)(?: ?(bhk|rk|bedrooms?))?")
_WHOLE = re.compile(r"([+-]?\d{1,9})(?:\.0+)?")
_DECIMAL = re.compile(r"\d{1,3}(?:\.\d{1,18})?")
_FLOOR = re.compile(r"(?:(-?\d{1,3})(?:st|nd|rd|th)?|([a-z ]+?))(?: floor)?(?: ?(?:out of|of|/) ?(\d{1,3}))?")


def plain(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())


def within_bounds(column: str, value: float) -> Values:
    low, high = BOUNDS[column]
    if not low <= value <= high:
        raise Unusable("out_of_range", f"is not between {low:,} and {high:,}")
    return {column: value}


def text(column: str) -> Reader:
    def read(cell: str) -> Values:
        if len(cell) > LONGEST[column]:
            raise Unusable("too_long", f"is longer than {LONGEST[column]:,} characters")
        return {column: cell}

    return read


def society(cell: str) -> Values:
    """Portals put an address here when there is no society; that is no name to list a home under."""
    return {} if find_place(cell) else text("society")(cell)


def whole_number(column: str) -> Reader:
    def read(cell: str) -> Values:
        number = _WHOLE.fullmatch(cell)
        if number is None:
            raise Unusable("unreadable", "is not a whole number")
        return within_bounds(column, int(number[1]))

    return read


def coordinate(column: str) -> Reader:
    def read(cell: str) -> Values:
        if not _DECIMAL.fullmatch(cell):
            raise Unusable("unreadable", "is not a coordinate in decimal degrees")
        return within_bounds(column, float(cell))

    return read


def choice(column: str, vocabulary: type[StrEnum]) -> Reader:
    known = {letters(word): word.value for word in vocabulary}

    def read(cell: str) -> Values:
        word = known.get(letters(cell))
        if word is None:
            raise Unusable("unknown_value", f"is none of {', '.join(vocabulary)}")
        return {column: word}

    return read


def letters(words: str) -> str:
    """`South -West` and `south_west` are the same word."""
    return re.sub(r"[\W\d_]", "", words).casefold()


def price(cell: str) -> Values:
    rupees = parse_amount(cell)
    if rupees is None:
        raise Unusable("unreadable", "is not an amount in rupees, thousand, lakh or crore")
    return within_bounds("price", rupees)


def area(cell: str) -> Values:
    sqft = parse_area(cell)
    if sqft is None:
        raise Unusable("unreadable", "is not an area in sqft, square yards or square metres")
    return within_bounds("area_sqft", sqft)


def bhk(cell: str) -> Values:
    rooms = _BHK.fullmatch(plain(cell))
    if rooms is None or (count := float(rooms[1])) * 2 % 1:
        raise Unusable("unreadable", "is not a number of bedrooms, in halves")
    return within_bounds("bhk", 0.5 if rooms[2] == "rk" else count)


def floor(cell: str) -> Values:
    """`6 out of 26`, `Ground out of 4`, `3/4`, `5th floor`."""
    floors = _FLOOR.fullmatch(plain(cell))
    number = None if floors is None else floors[1] or FLOORS.get(floors[2])
    if floors is None or number is None:
        raise Unusable("unreadable", "is not a floor such as 6 out of 26")
    total = {} if floors[3] is None else within_bounds("total_floors", int(floors[3]))
    return within_bounds("floor_number", int(number)) | total


READERS: dict[str, Reader] = {
    field: lru_cache(maxsize=1024)(reader)
    for field, reader in (
        *((column, choice(column, Direction)) for column in DIRECTIONS),
        *(
            (column, whole_number(column))
            for column in (
                "bathrooms",
                "balconies",
                "floor_number",
                "total_floors",
                "age_years",
                "open_sides",
            )
        ),
        (FieldName.PROPERTY_TYPE, choice("property_type", PropertyType)),
        (FieldName.LISTING_TYPE, choice("listing_type", ListingType)),
        (FieldName.FURNISHING_STATUS, choice("furnishing_status", Furnishing)),
        (FieldName.POSSESSION_STATUS, choice("possession_status", Possession)),
        (FieldName.PRICE, price),
        (FieldName.AREA, area),
        (FieldName.BHK, bhk),
        (FieldName.FLOOR, floor),
    )
} | {
    **{column: text(column) for column in LONGEST},
    FieldName.SOCIETY: society,
    **{column: coordinate(column) for column in ("latitude", "longitude")},
}
"""The same few words and numbers come again and again, and need understanding once; texts do not."""
