"""Invented housing societies: each has a name, a place in its locality and a builder's price level."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from demo.shares import LOW_BLOCK, LOW_BLOCK_FLOORS, OLDEST, TOWER_FLOORS, UNDER_CONSTRUCTION, Weighted
from schemas.sectors import LOCALITIES

FIRST = (
    "Ambar", "Barkha", "Bulbul", "Chakor", "Chandan", "Dhanak", "Fakhta", "Firoza", "Indigo", "Jamun",
    "Jheel", "Jugnu", "Kachnar", "Kesar", "Khirki", "Koyal", "Lantern", "Loquat", "Maina", "Marigold",
    "Megh", "Mehndi", "Monsoon", "Bakul", "Neelam", "Palash", "Papiha", "Peepul", "Quail", "Sitar",
    "Sarson", "Semal", "Surahi", "Sparrow", "Tamarind", "Titli",
)  # fmt: skip
SECOND = (
    "Angan", "Arcade", "Bagicha", "Colonnade", "Commons", "Crossing", "Darwaza", "Gali", "Jharokha", "Lanes",
    "Orchard", "Quarter", "Rows", "Steps", "Terraces", "Verandah",
)  # fmt: skip

SOCIETIES = 500  # in all of Noida, distributed over the localities like flats
MOST_IN_A_LOCALITY = 40
SPREAD_DEGREES = 0.0018  # about 200 m around a locality's center, so that homes stay within 400 m
PRICE_SPREAD = 0.08  # largest deviation of a builder's prices from the locality's level


@dataclass(frozen=True)
class Society:
    name: str
    latitude: float | None
    longitude: float | None
    total_floors: int
    age_years: int | None
    """None while it is under construction."""
    price_level: float
    size_level: float
    """0 for the smallest homes, 1 for the largest."""


def societies(rng: random.Random, flats: Mapping[str, float]) -> dict[str, Weighted[Society]]:
    """Return societies by locality, more where there are more flats; the first are largest, names unique."""
    names = [f"{first} {second}" for first in FIRST for second in SECOND]
    rng.shuffle(names)
    numbers = count()
    share = SOCIETIES / sum(flats.values())
    return {
        locality: Weighted({
            _society(rng, numbered(names, next(numbers)), locality): 1 / (place + 1)
            for place in range(min(MOST_IN_A_LOCALITY, max(1, round(weight * share))))
        })
        for locality, weight in flats.items()
    }  # fmt: skip


def numbered(names: list[str], number: int) -> str:
    phase, place = divmod(number, len(names))
    return f"{names[place]} {phase + 1}" if phase else names[place]


def _society(rng: random.Random, name: str, locality: str) -> Society:
    fact = LOCALITIES[locality]
    return Society(
        name,
        near(rng, fact.latitude, SPREAD_DEGREES),
        near(rng, fact.longitude, SPREAD_DEGREES),
        LOW_BLOCK_FLOORS.pick(rng) if rng.random() < LOW_BLOCK else _tower_floors(rng),
        None if rng.random() < UNDER_CONSTRUCTION else rng.randint(0, OLDEST),
        1 + rng.uniform(-PRICE_SPREAD, PRICE_SPREAD),
        rng.random(),
    )


def _tower_floors(rng: random.Random) -> int:
    decile = rng.randrange(len(TOWER_FLOORS) - 1)
    return rng.randint(TOWER_FLOORS[decile], TOWER_FLOORS[decile + 1])


def near(rng: random.Random, degrees: float | None, spread: float) -> float | None:
    """Return a random value within `spread` of a coordinate; None if the coordinate is unknown."""
    return None if degrees is None else round(degrees + spread * (2 * rng.random() - 1), 6)
