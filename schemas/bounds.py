"""Limits of a property's numbers and text lengths, shared by API shapes, tables and imports."""

from typing import Generic, NamedTuple, TypeVar

Number = TypeVar("Number", int, float)


class Bounds(NamedTuple, Generic[Number]):
    """An inclusive range: both ends are allowed."""

    least: Number
    most: Number


BHK = Bounds(0.5, 20.0)
ROOMS = Bounds(0, 30)
"""Applies to bathrooms and to balconies."""
AREA_SQFT = Bounds(50, 1_000_000)
PRICE = Bounds(500, 100_000_000_000)
"""Rupees; per month for a rent."""
FLOOR_NUMBER = Bounds(-3, 100)
TOTAL_FLOORS = Bounds(0, 100)
AGE_YEARS = Bounds(0, 150)
OPEN_SIDES = Bounds(0, 4)
SCORE = Bounds(0, 100)
LATITUDE = Bounds(28.3, 28.8)
LONGITUDE = Bounds(77.2, 77.6)

LONGEST_REFERENCE = 100
LONGEST_TITLE = 200
LONGEST_SOCIETY = 200
LONGEST_DESCRIPTION = 10_000
"""The text limits above are in characters."""
