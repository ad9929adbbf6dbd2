"""Nearby sectors, by the distance of their centres."""

from collections.abc import Iterable
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt

from schemas.sectors import LOCALITIES, SECTORS, SectorFact

EARTH_KM = 6_371.0
NEXT_DOOR_KM = 1.3
"""Centres of sectors that share a border are 0.6 to 1.3 km apart in Noida's grid."""


def near(localities: Iterable[str], km: float) -> tuple[str, ...]:
    """Return the other localities with a centre within `km` of a given one, nearest first."""
    given = tuple(localities)
    distances: dict[str, float] = {}
    for locality in given:
        for other, distance in _ranked(locality):
            if distance > km:
                break
            distances[other] = min(distance, distances.get(other, distance))
    return tuple(sorted(distances.keys() - set(given), key=lambda other: (distances[other], other)))


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the haversine distance between two points of latitude and longitude in degrees."""
    north, east = radians(there[0] - here[0]), radians(there[1] - here[1])
    chord = sin(north / 2) ** 2 + cos(radians(here[0])) * cos(radians(there[0])) * sin(east / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(chord))


@lru_cache(maxsize=len(SECTORS))
def _ranked(locality: str) -> tuple[tuple[str, float], ...]:
    here = _centre(LOCALITIES[locality])
    if here is None:
        return ()
    placed = ((fact.locality, _centre(fact)) for fact in SECTORS)
    distances = ((name, distance_km(here, there)) for name, there in placed if there is not None)
    return tuple(sorted(distances, key=lambda found: (found[1], found[0])))


def _centre(fact: SectorFact) -> tuple[float, float] | None:
    if fact.latitude is None or fact.longitude is None:
        return None
    return fact.latitude, fact.longitude
