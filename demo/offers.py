"""Generates area and price of a demo home from the price band of its locality."""

import random

from demo import shares
from demo.home import Building, Offer, Place, Rooms
from demo.prices import price_band
from demo.societies import Society
from schemas.vocabulary import AreaBasis, Furnishing, ListingType, Possession, PropertyType

CRORE = 10_000_000
LAKH = 100_000
SQFT_PER_SQYD = 9
ROUNDED_SQFT = 5  # areas are rounded to this
SAME_PLAN = 0.1  # spread of sizes within a society, as a share of the size ranking of all homes with that BHK
NOISE = 0.06  # standard deviation between owners, as a share of the price
LURED = 0.6  # price of a lure listing, as a share of its value
FURNITURE = {Furnishing.UNFURNISHED: 0.94, Furnishing.SEMI_FURNISHED: 1.0, Furnishing.FURNISHED: 1.12}
"""Factors of the rent by furnishing; guesses."""


def _areas(bhk: float) -> list[float]:
    """Return 100 super areas in sqft, one per percentile, interpolated linearly between the quartiles."""
    points = shares.AREA_QUARTILES[bhk]
    return [
        points[place // 25] + (points[place // 25 + 1] - points[place // 25]) * (place % 25) / 25
        for place in range(100)
    ]


AREAS = {bhk: _areas(bhk) for bhk in shares.AREA_QUARTILES}


def draw_offer(
    rng: random.Random,
    kind: PropertyType,
    *,
    place: Place,
    rooms: Rooms,
    building: Building,
    society: Society | None,
) -> Offer:
    basis = AreaBasis.SUPER if rooms.bhk is None else shares.AREA_BASIS.pick(rng)
    super_sqft = _plot_sqft(rng) if rooms.bhk is None else _super_sqft(rng, rooms.bhk, society)
    value = super_sqft * _per_sqft(rng, kind, place.locality, society)
    # Plots and homes under construction are not rented out.
    ready = building.possession_status is Possession.READY_TO_MOVE
    rented = ready and rng.random() < shares.RENTED
    return Offer(
        ListingType.RENT if rented else ListingType.SALE,
        round(super_sqft * shares.SHARE_OF_SUPER[basis] / ROUNDED_SQFT) * ROUNDED_SQFT,
        basis,
        _rent(rng, value, building.furnishing_status) if rented else asked(value),
    )


def _plot_sqft(rng: random.Random) -> float:
    return SQFT_PER_SQYD * rng.choice(shares.PLOT_SQYD)


def _super_sqft(rng: random.Random, bhk: float, society: Society | None) -> float:
    level = society.size_level + SAME_PLAN * (2 * rng.random() - 1) if society else rng.random()
    areas = AREAS[bhk]
    return areas[min(len(areas) - 1, max(0, int(level * len(areas))))]


def _per_sqft(rng: random.Random, kind: PropertyType, locality: str, society: Society | None) -> float:
    """Return rupees per sqft of super area: within the locality's band, except for a lure."""
    band = price_band(kind, locality)
    per_sqft = band.average * (society.price_level if society else 1) * rng.gauss(1, NOISE)
    within = min(max(per_sqft, band.low), band.high)
    return within * LURED if rng.random() < shares.LURE else within


def asked(value: float) -> int:
    """Round as people do: to 10,000 below a quarter crore, to a lakh below a crore, else to 5 lakh."""
    step = 5 * LAKH if value >= CRORE else LAKH if value >= CRORE / 4 else LAKH // 10
    return max(step, round(value / step) * step)


def _rent(rng: random.Random, value: float, furnishing: Furnishing | None) -> int:
    a_year = value * rng.uniform(*shares.YIELD) * FURNITURE[furnishing or Furnishing.UNFURNISHED]
    return max(1, round(a_year / 12 / 500)) * 500
