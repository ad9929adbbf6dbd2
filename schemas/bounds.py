"""How large, high and old a property may be, and how long its texts: for shapes, tables and imports alike."""

from typing import Generic, NamedTuple, TypeVar

Number = TypeVar("Number", int, float)


class Bounds(NamedTuple, Generic[Number]):
    """Both ends are allowed."""

    least: Number
    most: Number


BHK = Bounds(0.5, 20.0)
ROOMS = Bounds(0, 30)
"""Bathrooms, and balconies."""
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
"""Characters."""
