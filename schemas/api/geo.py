"""Places on the map to search in: around a point, in a box, in a shape drawn by hand."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
MOST_POINTS = 100


class Point(Shape):
    latitude: Latitude
    longitude: Longitude


class Radius(Shape):
    centre: Point
    metres: Annotated[int, Field(ge=1, le=50_000)]


class Box(Shape):
    """A box on the map; Noida lies far from the date line, so west is always west of east."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if self.north <= self.south or self.east <= self.west:
            raise PydanticCustomError("empty_box", "must end north and east of where it begins")
        return self


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
