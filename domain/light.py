"""An estimate of how light a home is: from its open sides, the sun on its balcony, and its height.

Uses only facts about the building, never photographs, because those may be enhanced.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import acos, asin, cos, degrees, radians, sin

from schemas.vocabulary import Direction

NOIDA_LATITUDE = 28.5
LEAST_COVERAGE = 60  # percent; any two of the three parts

OPEN_SIDES_WEIGHT = 40  # highest: they limit how many rooms can have a window
BALCONY_WEIGHT = 35  # direct sun, but only for the rooms of one front
HEIGHT_WEIGHT = 25  # lowest: a proxy for what blocks the sky, because the distance of neighbours is unknown

OPEN_SIDES_POINTS = {
    0: 0,  # shafts and ducts only
    1: 35,  # rooms at the back stay dark
    2: 70,  # light crosses the home, which one open side does not allow
    3: 90,  # most rooms already have a window
    4: 100,
}
LOWEST_FLOOR_POINTS = 30  # the ground floor has daylight too, but trees and neighbours take some of it


class Day(StrEnum):
    JUNE_SOLSTICE = "june_solstice"
    EQUINOX = "equinox"
    DECEMBER_SOLSTICE = "december_solstice"


DECLINATION = {Day.JUNE_SOLSTICE: 23.44, Day.EQUINOX: 0.0, Day.DECEMBER_SOLSTICE: -23.44}
"""Degrees of the sun north of the equator."""


@dataclass(frozen=True)
class Sun:
    """Position of the sun in degrees: altitude above the horizon, azimuth clockwise from north."""

    altitude: float
    azimuth: float


@dataclass(frozen=True)
class LightScore:
    score: int | None
    """0-100; None when `partial`."""
    coverage: int
    """Percent of the parts' weight that is known."""

    @property
    def partial(self) -> bool:
        return self.score is None


def sun_position(day: Day, solar_hour: float, latitude: float = NOIDA_LATITUDE) -> Sun:
    """Return the position of the sun's centre, without refraction; solar noon is hour 12."""
    declination, north = radians(DECLINATION[day]), radians(latitude)
    hour_angle = radians(15 * (solar_hour - 12))
    height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)
    altitude = asin(height)
    # Clamped, because rounding at noon can exceed the range of a cosine.
    northing = (sin(declination) - height * sin(north)) / (cos(altitude) * cos(north))
    azimuth = degrees(acos(max(-1.0, min(1.0, northing))))
    return Sun(degrees(altitude), 360 - azimuth if hour_angle > 0 else azimuth)


@lru_cache(maxsize=len(Direction))
def sunny_hours(direction: Direction) -> float:
    """Return the sunny hours a day of a front: the mean of both solstices and an equinox."""
    bearing = 45 * list(Direction).index(direction)
    suns = [sun_position(day, quarter / 4) for day in Day for quarter in range(96)]
    reaching = [sun for sun in suns if sun.altitude > 0 and cos(radians(sun.azimuth - bearing)) > 0]
    return len(reaching) / 4 / len(Day)


MOST_SUNNY_HOURS = max(sunny_hours(direction) for direction in Direction)


@lru_cache(maxsize=16_384)  # bulk runs request the same few thousand combinations
def light_score(
    *,
    open_sides: int | None = None,
    balcony_direction: Direction | None = None,
    floor_number: int | None = None,
    total_floors: int | None = None,
) -> LightScore:
    """Return the weighted mean of the known parts; the score is None if too little is known.

    A home has 0 to 4 open sides; any other number raises `KeyError`.
    """
    parts: list[tuple[int, float]] = []
    if open_sides is not None:
        parts.append((OPEN_SIDES_WEIGHT, OPEN_SIDES_POINTS[open_sides]))
    if balcony_direction is not None:
        parts.append((BALCONY_WEIGHT, 100 * sunny_hours(balcony_direction) / MOST_SUNNY_HOURS))
    if floor_number is not None and total_floors is not None:
        parts.append((HEIGHT_WEIGHT, height_points(floor_number, total_floors)))
    coverage = sum(weight for weight, _ in parts)
    if coverage < LEAST_COVERAGE:
        return LightScore(None, coverage)
    return LightScore(round(sum(weight * points for weight, points in parts) / coverage), coverage)


def height_points(floor_number: int, total_floors: int) -> float:
    """Return 0 for a basement, 30 on the ground floor, rising to 100 on the top floor.

    The ground floor scores 100 if it is also the top floor.
    """
    if floor_number < 0:
        return 0
    # Where floor numbers skip 13, the top floor number may exceed the number of floors.
    share = min(1, floor_number / total_floors) if total_floors else 1
    return LOWEST_FLOOR_POINTS + (100 - LOWEST_FLOOR_POINTS) * share
