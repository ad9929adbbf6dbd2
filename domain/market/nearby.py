"""Comparables within a radius of a listing."""

import numpy as np

from domain.geography.neighbours import EARTH_KM
from domain.market.ladder import RADIUS_KM, Rung, area_bounds
from domain.market.shelves import HALVES, Array, Listings

REACH_DEGREES = float(np.degrees(RADIUS_KM / EARTH_KM)) * 1.001
"""The radius in degrees of latitude, with a small margin."""


class Nearby:
    def __init__(self, rung: Rung, listings: Listings) -> None:
        """Sort listings from south to north within each kind and number of bedrooms."""
        self._listings, self._area_pct = listings, rung.area_pct or 0
        placed = np.flatnonzero(~np.isnan(listings.latitude))
        self._groups = listings.kind * HALVES + listings.halves
        self._order = placed[np.lexsort((listings.latitude[placed], self._groups[placed]))]
        self._keys = self._groups[self._order]
        self._latitudes = listings.latitude[self._order]

    def prices(self, subject: int) -> list[int]:
        """Return the ascending prices per sqft of its comparables; empty if its location is unknown."""
        latitude, longitude = self._listings.latitude[subject], self._listings.longitude[subject]
        if np.isnan(latitude):
            return []
        near = self._band(subject, latitude)
        area = self._listings.area_sqft[near]
        least, most = area_bounds(int(self._listings.area_sqft[subject]), self._area_pct)
        near = near[(area >= least) & (area <= most) & (near != subject)]
        there = self._listings.latitude[near], self._listings.longitude[near]
        found = near[distances_km((latitude, longitude), there) <= RADIUS_KM]
        prices: list[int] = np.sort(self._listings.price_per_sqft[found]).tolist()
        return prices

    def _band(self, subject: int, latitude: float) -> Array:
        """Return the listings of its group within the radius in latitude only."""
        first, last = np.searchsorted(self._keys, [self._groups[subject], self._groups[subject] + 1])
        band = [latitude - REACH_DEGREES, latitude + REACH_DEGREES]
        south, north = first + np.searchsorted(self._latitudes[first:last], band)
        return self._order[south:north]


def distances_km(here: tuple[float, float], there: tuple[Array, Array]) -> Array:
    """Vectorized neighbours.distance_km."""
    north, east = np.radians(there[0] - here[0]), np.radians(there[1] - here[1])
    shrink = np.cos(np.radians(here[0])) * np.cos(np.radians(there[0]))
    chord = np.sin(north / 2) ** 2 + shrink * np.sin(east / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(chord)))
