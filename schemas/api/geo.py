"""Places on the map to search in: around a point, in a box, in a shape drawn by hand."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape

Latitude = Annotated[float, Field(ge=-90, le=90)]
Turned = Annotated[float, Field(ge=-3_600, le=3_600)]
"""A longitude as maps send it that were dragged around the world: 437.3 is 77.3."""
TURN = 360.0
NOIDA = 77.4
"""Its longitude."""
MOST_POINTS = 100


def _turned_back(longitude: float) -> float:
    inside = -180 <= longitude <= 180
    return longitude if inside else round((longitude + 180) % TURN - 180, DIGITS)


DIGITS = 9
"""Of a degree; the turns leave noise behind them."""
Longitude = Annotated[Turned, AfterValidator(_turned_back)]


class Point(Shape):
    latitude: Latitude
    longitude: Longitude


class Radius(Shape):
    centre: Point
    metres: Annotated[int, Field(ge=1, le=50_000)]


class Box(Shape):
    """A box on the map, as wide as the world at most; beyond the date line nothing of it counts."""

    south: Latitude
    west: Turned
    north: Latitude
    east: Turned

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if self.north <= self.south or self.east <= self.west:
            raise PydanticCustomError("empty_box", "must end north and east of where it begins")
        west, east = turned_back(self.west, self.east)
        self.__dict__.update(west=west, east=east)  # frozen for others, from now on
        return self


def turned_back(west: float, east: float) -> tuple[float, float]:
    """Where a box lies whose map was dragged around the world.

    Of the places that are the same it is the one around which Noida lies nearest, and what reaches beyond
    the date line from there is cut off: no box loses Noida by it.
    """
    if west >= -180 and east <= 180:
        return west, east
    if east - west >= TURN:
        return -180.0, 180.0
    turns = TURN * round(((west + east) / 2 - NOIDA) / TURN)
    if west - turns >= 180:
        turns += TURN
    return max(-180.0, round(west - turns, DIGITS)), min(180.0, round(east - turns, DIGITS))


def _shape(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(set(points)) < 3:
        raise PydanticCustomError("no_area", "must have three different corners or more")
    return points


Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=MOST_POINTS), AfterValidator(_shape)]
"""Corners in order; the last one joins the first."""


class Geo(Shape):
    """One of the three."""

    radius: Radius | None = None
    box: Box | None = None
    polygon: Polygon | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.radius, self.box, self.polygon)) != 1:
            raise PydanticCustomError("one_place", "must be one of radius, box and polygon")
        return self
