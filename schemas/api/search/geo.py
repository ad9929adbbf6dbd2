"""Areas of the map to search in: around a point, in a box, or in a drawn shape."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape

Latitude = Annotated[float, Field(ge=-90, le=90)]
Turned = Annotated[float, Field(ge=-3_600, le=3_600)]
"""A longitude beyond 180 degrees, as maps send it after being dragged around the world: 437.3 is 77.3."""
TURN = 360.0
NOIDA = 77.4
"""Longitude of Noida."""
MOST_POINTS = 100


def _turned_back(longitude: float) -> float:
    inside = -180 <= longitude <= 180
    return longitude if inside else round((longitude + 180) % TURN - 180, DIGITS)


DIGITS = 9
"""Decimal places of a degree; removes rounding noise from the turns."""
Longitude = Annotated[Turned, AfterValidator(_turned_back)]


class Point(Shape):
    latitude: Latitude
    longitude: Longitude


class Radius(Shape):
    centre: Point
    metres: Annotated[int, Field(ge=1, le=50_000)]


class Box(Shape):
    """A box on the map, at most as wide as the world. The part beyond the date line is cut off."""

    south: Latitude
    west: Turned
    north: Latitude
    east: Turned

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if self.north <= self.south or self.east <= self.west:
            raise PydanticCustomError("empty_box", "must end north and east of where it begins")
        west, east = turned_back(self.west, self.east)
        self.__dict__.update(west=west, east=east)  # the model is frozen only for its callers
        return self


def turned_back(west: float, east: float) -> tuple[float, float]:
    """Return the ends of a box after its map was dragged around the world.

    Of the equivalent positions, the one whose middle is closest to Noida is used. What then reaches beyond
    the date line is cut off; this never cuts Noida off.
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
"""Corners in order; the last one is joined to the first."""


class Geo(Shape):
    """Exactly one of the three."""

    radius: Radius | None = None
    box: Box | None = None
    polygon: Polygon | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.radius, self.box, self.polygon)) != 1:
            raise PydanticCustomError("one_place", "must be one of radius, box and polygon")
        return self
