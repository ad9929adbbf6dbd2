"""Parsers of cells, one per field: they turn text into columns of a property, or raise `InvalidCell`."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from domain.areas import parse_area
from domain.geography.places import find_place
from domain.money import parse_amount
from schemas import bounds
from schemas.tables.properties import DIRECTIONS
from schemas.texts import ROUNDED, one_line, prose
from schemas.vocabulary import Direction, Furnishing, ListingType, Possession, PropertyType
from tasks.imports.mapping import FieldName

Values = dict[str, Any]
"""Columns of a property."""
Reader = Callable[[str], Values]


class InvalidCell(Exception):
    """A cell that cannot be used, with the code and the sentence that the report shows."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


BOUNDS: dict[str, bounds.Bounds[int] | bounds.Bounds[float]] = {
    "bhk": bounds.BHK,
    "bathrooms": bounds.ROOMS,
    "balconies": bounds.ROOMS,
    "area_sqft": bounds.AREA_SQFT,
    "price": bounds.PRICE,
    "floor_number": bounds.FLOOR_NUMBER,
    "total_floors": bounds.TOTAL_FLOORS,
    "age_years": bounds.AGE_YEARS,
    "open_sides": bounds.OPEN_SIDES,
    "latitude": bounds.LATITUDE,
    "longitude": bounds.LONGITUDE,
}
"""The same bounds as the table's checks, so that the report can explain a violation."""

LONGEST = {
    FieldName.EXTERNAL_REF: bounds.LONGEST_REFERENCE,
    FieldName.TITLE: bounds.LONGEST_TITLE,
    FieldName.SOCIETY: bounds.LONGEST_SOCIETY,
    FieldName.DESCRIPTION: bounds.LONGEST_DESCRIPTION,
}
"""In characters."""

FLOORS = {"ground": 0, "basement": -1, "upper basement": -1, "lower basement": -2, "lower ground": -1}

_BHK = re.compile(r"(\d{1,3}(?:\.\d)?)(?: ?(bhk|rk|bedrooms?))?")
_WHOLE = re.compile(r"([+-]?\d{1,9})(?:\.0+)?")
_THOUSANDS_OR_FRACTION = re.compile(r"\d{1,3}\.\d{3}")
_DECIMAL = re.compile(r"\d{1,3}(?:\.\d{1,18})?")
_FLOOR = re.compile(r"(?:(-?\d{1,3})(?:st|nd|rd|th)?|([a-z ]+?))(?: floor)?(?: ?(?:out of|of|/) ?(\d{1,3}))?")


def plain(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())


def within_bounds(column: str, value: float) -> Values:
    low, high = BOUNDS[column]
    if not low <= value <= high:
        raise InvalidCell("out_of_range", f"is not between {low:,} and {high:,}")
    return {column: value}


def text(column: FieldName, clean: Callable[[str], str] = one_line) -> Reader:
    def read(cell: str) -> Values:
        said = clean(cell)
        if len(said) > LONGEST[column]:
            raise InvalidCell("too_long", f"is longer than {LONGEST[column]:,} characters")
        return {column.value: said} if said else {}

    return read


def reference(cell: str) -> Values:
    if ROUNDED.fullmatch(cell):
        raise InvalidCell("rounded", f"is a number of which a spreadsheet has dropped digits: {cell}")
    return text(FieldName.EXTERNAL_REF)(cell)


def society(cell: str) -> Values:
    """Return nothing for a cell that names a place: portals write the address here if there is no society."""
    return {} if find_place(cell) else text(FieldName.SOCIETY)(cell)


def whole_number(column: str) -> Reader:
    def read(cell: str) -> Values:
        number = _WHOLE.fullmatch(cell)
        if number is None:
            raise InvalidCell("unreadable", "is not a whole number")
        return within_bounds(column, int(number[1]))

    return read


def coordinate(column: str) -> Reader:
    def read(cell: str) -> Values:
        if not _DECIMAL.fullmatch(cell):
            raise InvalidCell("unreadable", "is not a coordinate in decimal degrees")
        degrees = float(cell)
        # Feeds write 0 for unknown coordinates.
        return within_bounds(column, degrees) if degrees else {}

    return read


def choice(column: str, vocabulary: type[StrEnum]) -> Reader:
    known = {letters(word): word.value for word in vocabulary}

    def read(cell: str) -> Values:
        word = known.get(letters(cell))
        if word is None:
            raise InvalidCell("unknown_value", f"is none of {', '.join(vocabulary)}")
        return {column: word}

    return read


def letters(words: str) -> str:
    """Return the letters only, in lower case: `South -West` and `south_west` are the same word."""
    return re.sub(r"[\W\d_]", "", words).casefold()


def price(cell: str) -> Values:
    if _THOUSANDS_OR_FRACTION.fullmatch(cell):
        raise InvalidCell("unreadable", "may be thousands or a fraction: write it without a dot")
    rupees = parse_amount(cell)
    if rupees is None:
        raise InvalidCell("unreadable", "is not an amount in rupees, thousand, lakh or crore")
    return within_bounds("price", rupees)


def area(cell: str) -> Values:
    sqft = parse_area(cell)
    if sqft is None:
        raise InvalidCell("unreadable", "is not an area in sqft, square yards or square metres")
    return within_bounds("area_sqft", sqft)


def bhk(cell: str) -> Values:
    rooms = _BHK.fullmatch(plain(cell))
    if rooms is None or (count := float(rooms[1])) * 2 % 1:
        raise InvalidCell("unreadable", "is not a number of bedrooms, in halves")
    return within_bounds("bhk", 0.5 if rooms[2] == "rk" else count)


def floor(cell: str) -> Values:
    """Parse `6 out of 26`, `Ground out of 4`, `3/4`, `5th floor`."""
    floors = _FLOOR.fullmatch(plain(cell))
    number = None if floors is None else floors[1] or FLOORS.get(floors[2])
    if floors is None or number is None:
        raise InvalidCell("unreadable", "is not a floor such as 6 out of 26")
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
    FieldName.EXTERNAL_REF: reference,
    FieldName.TITLE: text(FieldName.TITLE),
    FieldName.DESCRIPTION: text(FieldName.DESCRIPTION, prose),
    FieldName.SOCIETY: society,
    **{column: coordinate(column) for column in ("latitude", "longitude")},
}
"""Readers of words and numbers are cached because the same few values repeat; free texts are not cached."""

EXPORTED = READERS | {FieldName.SOCIETY: text(FieldName.SOCIETY)}
"""Readers for files that CasaBricks exported: a society may have the name of a place."""
