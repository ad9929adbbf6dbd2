"""Distributions of homes in Noida: shares counted on about 2,900 real listings and rounded, and guesses.

Everything not marked as a guess was counted. Values are weights; they need not add up to a fixed sum.
"""

import random
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from typing import Generic, TypeVar

from schemas.sectors import SECTORS
from schemas.vocabulary import AreaBasis, Direction, Furnishing, PropertyState, PropertyType

T = TypeVar("T")


class Weighted(Generic[T]):
    """Values to pick by weight; for single picks several times faster than `random.choices`."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._values = list(weights)
        self._sums = list(accumulate(weights.values()))
        self._total = self._sums[-1]

    def pick(self, rng: random.Random) -> T:
        return self._values[bisect(self._sums, rng.random() * self._total)]


# Three in four are flats. Of those, 38 % are in buildings of up to four floors; the guess is that two in
# five of these are builder floors. Penthouses and plots are guesses.
TYPES = {
    PropertyType.APARTMENT: 62,
    PropertyType.BUILDER_FLOOR: 12,
    PropertyType.INDEPENDENT_HOUSE: 12,
    PropertyType.VILLA: 6,
    PropertyType.PENTHOUSE: 2,
    PropertyType.STUDIO: 3,
    PropertyType.PLOT: 3,
}
TYPE = Weighted(TYPES)
RENTED = 0.27  # a guess, of rentable homes (a quarter of all homes); the counted files hold sales only
UNDER_OFFER = 0.03  # a guess
DEAD = Weighted(  # a guess
    {PropertyState.DRAFT: 3, PropertyState.SOLD: 4, PropertyState.EXPIRED: 2, PropertyState.INACTIVE: 1}
)

FLAT_BHKS = {1: 8, 2: 32, 2.5: 2, 3: 40, 3.5: 1, 4: 15, 5: 2}  # the halves are guesses
FLAT_BHK = Weighted[float](FLAT_BHKS)
HOUSE_BHK = Weighted[float]({1: 7, 2: 22, 3: 24, 4: 13, 5: 12, 6: 9, 7: 6})
VILLA_BHK = Weighted[float]({2: 7, 3: 19, 4: 17, 5: 21, 6: 5, 7: 7})
STUDIO_BHK = Weighted[float]({1: 7, 0.5: 3})  # a guess

AREA_QUARTILES: dict[float, tuple[int, int, int, int, int]] = {
    0.5: (240, 300, 350, 400, 500),  # a guess
    1: (480, 550, 580, 650, 800),
    2: (800, 950, 990, 1_110, 1_420),
    2.5: (1_000, 1_150, 1_250, 1_400, 1_700),  # a guess
    3: (1_150, 1_400, 1_675, 2_090, 3_000),
    3.5: (1_500, 1_900, 2_200, 2_600, 3_400),  # a guess
    4: (1_800, 2_575, 3_190, 3_830, 5_850),
    5: (1_950, 2_700, 4_150, 6_000, 7_250),
    6: (2_250, 2_750, 4_000, 5_150, 9_050),
    7: (2_650, 3_300, 5_250, 6_800, 9_600),
}
"""Sqft by BHK: the 5th, 25th, 50th, 75th and 95th percentile, taken as super area."""
PLOT_SQYD = (100, 112, 150, 200, 250, 300, 350, 450)  # usual plot sizes of the authority; shares are guesses

AREA_BASIS = Weighted({AreaBasis.SUPER: 70, AreaBasis.CARPET: 20, AreaBasis.BUILT_UP: 10})  # a guess
SHARE_OF_SUPER = {AreaBasis.SUPER: 1.0, AreaBasis.BUILT_UP: 0.88, AreaBasis.CARPET: 0.74}
"""Area on each basis as a share of super area: a guess, within the usual loading of 25 to 50 %."""

BATHROOMS_BEYOND_BEDROOMS = Weighted({0: 65, -1: 23, 1: 9, -2: 3})
BALCONIES = Weighted({None: 35, 1: 15, 2: 22, 3: 17, 4: 8, 5: 3})

FACING_KNOWN = 0.51
FACINGS = {
    Direction.NORTH: 15,
    Direction.NORTH_EAST: 32,
    Direction.EAST: 34,
    Direction.SOUTH_EAST: 5,
    Direction.SOUTH: 3,
    Direction.SOUTH_WEST: 2,
    Direction.WEST: 3,
    Direction.NORTH_WEST: 6,
}
FACING = Weighted(FACINGS)
ROOMS_KNOWN = 0.75  # a guess: owners who give the facing often know the rooms' directions
POOJA_ROOM = 0.6  # a guess: other homes have a prayer corner in another room
BUILT_BY_VASTU = 0.5  # a guess: the share of rooms in a direction that the guideline prefers

LOW_BLOCK = 0.25  # share of societies with up to five floors
LOW_BLOCK_FLOORS = Weighted({3: 30, 4: 60, 5: 10})
TOWER_FLOORS = (5, 7, 11, 14, 16, 18, 20, 21, 24, 28, 36)  # deciles, of flats in buildings of 5 or more
TOWER_GROUND_FLOOR = 0.035
LOW_GROUND_FLOOR = 0.18
BUILDER_FLOORS = Weighted({2: 10, 3: 30, 4: 60})
HOUSE_FLOORS = Weighted({1: 7, 2: 15, 3: 29, 4: 49})
OPEN_SIDES = Weighted({None: 15, 1: 15, 2: 45, 3: 22, 4: 3})  # a guess

FURNISHINGS = {Furnishing.UNFURNISHED: 35, Furnishing.SEMI_FURNISHED: 45, Furnishing.FURNISHED: 20}  # a guess
FURNISHING = Weighted(FURNISHINGS)
UNDER_CONSTRUCTION = 0.08
OLDEST = 20  # years, a guess

YIELD = (0.025, 0.035)  # a year's rent over the price; the range usually stated for flats in Noida
LURE = 0.004  # a guess: share of lures, priced far below others, which the comparison must detect

PICTURES = Weighted({0: 5, 1: 10, 2: 15, 3: 25, 4: 25, 5: 20})  # a guess

FLAT_LOCALITIES = {
    "Sector 150": 104,  # half of the count: a few launches are overrepresented in the files
    "Sector 73": 75, "Sector 49": 52, "Sector 75": 39, "Sector 137": 34, "Sector 79": 34, "Sector 110": 33,
    "Sector 78": 33, "Sector 45": 30, "Sector 107": 28, "Sector 44": 27, "Sector 128": 27, "Sector 94": 26,
    "Sector 43": 24, "Sector 108": 20, "Sector 77": 19, "Sector 93A": 19, "Sector 50": 16, "Sector 74": 16,
    "Sector 121": 15, "Sector 104": 14, "Sector 76": 13, "Sector 143B": 13, "Sector 152": 11,
    "Sector 100": 10, "Sector 41": 10, "Sector 82": 8, "Sector 143": 8, "Sector 15A": 8, "Sector 72": 7,
    "Sector 144": 6, "Sector 93": 6, "Sector 62": 6, "Sector 120": 5, "Sector 134": 5, "Sector 18": 4,
    "Sector 37": 4, "Sector 105": 4, "Sector 119": 4, "Sector 106": 3, "Sector 14": 3, "Sector 40": 3,
    "Sector 46": 3,
}  # fmt: skip
BUILDER_FLOOR_LOCALITIES = {"Sector 73": 75, "Sector 49": 52}
MAPPED_LOCALITY = 1.0  # a guess for the many localities with few counted listings
UNMAPPED_LOCALITY = 0.2  # for localities with an unknown center: few people live there
BANDED_LOCALITY = 10.0  # a guess: a published price indicates a market


def locality_weights(counted: Mapping[str, float], banded: Mapping[str, object]) -> dict[str, float]:
    """Return a weight for every locality: its count, or else a guess."""
    return {
        fact.locality: counted.get(fact.locality)
        or (BANDED_LOCALITY if fact.locality in banded else 0)
        + (UNMAPPED_LOCALITY if fact.latitude is None else MAPPED_LOCALITY)
        for fact in SECTORS
    }
