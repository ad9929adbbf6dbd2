"""Prices per square foot by locality: published bands, and estimates where no band is published."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import hypot
from statistics import mean, median

from schemas.sectors import LOCALITIES
from schemas.vocabulary import PropertyType

NEIGHBOURS = 3  # number of sectors with a band whose mean replaces a missing band
KM_PER_DEGREE_NORTH = 110.9
KM_PER_DEGREE_EAST = 97.7  # at 28.5 N
SQFT_PER_SQM = 10.7639


@dataclass(frozen=True)
class Band:
    """Asking prices in rupees per sqft of super area, June 2026."""

    low: float
    high: float
    average: float

    def times(self, factor: float) -> "Band":
        return Band(self.low * factor, self.high * factor, self.average * factor)


BANDED_AS = {
    PropertyType.APARTMENT: (PropertyType.APARTMENT, 1.0),
    PropertyType.STUDIO: (PropertyType.APARTMENT, 1.05),
    PropertyType.PENTHOUSE: (PropertyType.APARTMENT, 1.15),
    PropertyType.BUILDER_FLOOR: (PropertyType.BUILDER_FLOOR, 1.0),
    PropertyType.INDEPENDENT_HOUSE: (PropertyType.INDEPENDENT_HOUSE, 1.0),
    PropertyType.VILLA: (PropertyType.INDEPENDENT_HOUSE, 1.1),
}
"""Published type and factor for each type; only three types are published, and the factors are guesses."""

BUILDER_FLOOR_TO_APARTMENT = 0.9
"""Builder floors are published for two cheap sectors only; this is the ratio in the one that has both."""

LAND_TO_CIRCLE_RATE = 2.25  # a guess: asking price of land over the government's minimum
LAND_SPREAD = 0.2


def _rows(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(files("demo").joinpath(f"data/{name}.csv").read_text().splitlines())


def _published() -> dict[PropertyType, dict[str, Band]]:
    bands: dict[PropertyType, dict[str, Band]] = {}
    for row in _rows("price_bands"):
        band = Band(float(row["low"]), float(row["high"]), float(row["average"]))
        bands.setdefault(PropertyType(row["property_type"]), {})[row["locality"]] = band
    return bands


PUBLISHED = _published()
CIRCLE_RATES = {row["locality"]: int(row["inr_per_sqm"]) for row in _rows("circle_rates")}
"""The government's minimum price of land in rupees per square meter, of about 2024."""


@cache
def price_band(property_type: PropertyType, locality: str) -> Band:
    if property_type is PropertyType.PLOT:
        return land_band(locality)
    published_as, factor = BANDED_AS[property_type]
    bands = PUBLISHED[published_as]
    if locality in bands:
        return bands[locality].times(factor)
    if property_type is PropertyType.BUILDER_FLOOR:
        return price_band(PropertyType.APARTMENT, locality).times(BUILDER_FLOOR_TO_APARTMENT)
    return _mean([bands[name] for name in _nearest(locality, bands)]).times(factor)


def land_band(locality: str) -> Band:
    rate = CIRCLE_RATES.get(locality) or median(CIRCLE_RATES.values())
    average = rate * LAND_TO_CIRCLE_RATE / SQFT_PER_SQM
    return Band(average * (1 - LAND_SPREAD), average * (1 + LAND_SPREAD), average)


def _mean(bands: list[Band]) -> Band:
    return Band(
        mean(band.low for band in bands),
        mean(band.high for band in bands),
        mean(band.average for band in bands),
    )


def _nearest(locality: str, banded: Iterable[str]) -> list[str]:
    """Return the nearest localities with a band; all of them if the locality has no coordinates."""
    if LOCALITIES[locality].latitude is None:
        return list(banded)
    placed = [name for name in banded if LOCALITIES[name].latitude is not None]
    return sorted(placed, key=lambda name: _distance_km(locality, name))[:NEIGHBOURS]


def _distance_km(one: str, other: str) -> float:
    a, b = LOCALITIES[one], LOCALITIES[other]
    north = ((a.latitude or 0) - (b.latitude or 0)) * KM_PER_DEGREE_NORTH
    east = ((a.longitude or 0) - (b.longitude or 0)) * KM_PER_DEGREE_EAST
    return hypot(north, east)
