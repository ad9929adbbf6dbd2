"""What a demo home measures and what is asked for it, by the price band of its locality."""

import random

from embedded.demo import shares
from embedded.demo.home import Building, Offer, Place, Rooms
from embedded.demo.prices import price_band
from embedded.demo.societies import Society
from schemas.vocabulary import AreaBasis, Furnishing, ListingType, Possession, PropertyType

CRORE = 10_000_000
LAKH = 100_000
SQFT_PER_SQYD = 9
ROUNDED_SQFT = 5  # areas are written so
SAME_PLAN = 0.1  # how far sizes differ within a society, in shares of all homes of that BHK
NOISE = 0.06  # how far owners differ from each other, in shares of a price
LURED = 0.6  # the share of its worth for which a lure is offered
FURNITURE = {Furnishing.UNFURNISHED: 0.94, Furnishing.SEMI_FURNISHED: 1.0, Furnishing.FURNISHED: 1.12}
"""What it does to a rent: a guess."""


def _areas(bhk: float) -> list[float]:
    """Super areas in sqft, one for each hundredth of the homes, on straight lines between the quartiles."""
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
    # Neither a plot nor a building site is let.
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
    """Rupees per sqft of super area: within the band of the locality, except for a lure."""
    band = price_band(kind, locality)
    per_sqft = band.average * (society.price_level if society else 1) * rng.gauss(1, NOISE)
    within = min(max(per_sqft, band.low), band.high)
    return within * LURED if rng.random() < shares.LURE else within


def asked(value: float) -> int:
    """A price as people round it: to 10,000 below a quarter of a crore, to a lakh, then to five."""
    step = 5 * LAKH if value >= CRORE else LAKH if value >= CRORE / 4 else LAKH // 10
    return max(step, round(value / step) * step)


def _rent(rng: random.Random, value: float, furnishing: Furnishing | None) -> int:
    a_year = value * rng.uniform(*shares.YIELD) * FURNITURE[furnishing or Furnishing.UNFURNISHED]
    return max(1, round(a_year / 12 / 500)) * 500
