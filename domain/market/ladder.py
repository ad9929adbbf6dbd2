"""Which listings a price is compared with: the nearest first, until there are enough of them.

All of them are of the subject's kind (type, sale or rent, area basis: bases are never mixed), active,
and not the subject itself.
"""

from dataclasses import dataclass

from domain.neighbours import NEXT_DOOR_KM, near
from schemas.vocabulary import MarketLevel

RADIUS_KM = 2.0


@dataclass(frozen=True)
class Rung:
    """What a comparable has in common with the subject at one level."""

    level: MarketLevel
    area_pct: int | None
    """How far its area may differ, in percent of the subject's; None for any area."""
    bhk_span: int = 0
    """How many bedrooms it may have more or less."""


LADDER = (
    Rung(MarketLevel.SAME_SOCIETY, 15),
    Rung(MarketLevel.SAME_SECTOR, 20),
    Rung(MarketLevel.SIMILAR_IN_SECTOR, 30, bhk_span=1),
    Rung(MarketLevel.WITHIN_2_KM, 25),
    Rung(MarketLevel.NEIGHBOURING_SECTORS, None),
    Rung(MarketLevel.CITY, None),
)
"""The last gives a range and never a label: a city is no neighbourhood."""


def area_bounds(area_sqft: int, percent: int) -> tuple[int, int]:
    """Both included."""
    return -(-area_sqft * (100 - percent) // 100), area_sqft * (100 + percent) // 100


def neighbourhood(locality: str) -> tuple[str, ...]:
    """A sector and those next to it."""
    return (locality, *near((locality,), NEXT_DOOR_KM))
