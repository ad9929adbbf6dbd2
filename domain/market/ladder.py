"""Which listings a price is compared with: the nearest first, until there are enough.

All comparables are active, of the subject's kind (type, sale or rent, area basis), and not the subject
itself. Area bases are never mixed.
"""

from dataclasses import dataclass

from domain.geography.neighbours import NEXT_DOOR_KM, near
from schemas.vocabulary import MarketLevel

RADIUS_KM = 2.0


@dataclass(frozen=True)
class Rung:
    """What a comparable has in common with the subject at one level."""

    level: MarketLevel
    area_pct: int | None
    """Allowed difference of its area, in percent of the subject's; None for any area."""
    bhk_span: int = 0
    """Allowed difference in bedrooms."""


LADDER = (
    Rung(MarketLevel.SAME_SOCIETY, 15),
    Rung(MarketLevel.SAME_SECTOR, 20),
    Rung(MarketLevel.SIMILAR_IN_SECTOR, 30, bhk_span=1),
    Rung(MarketLevel.WITHIN_2_KM, 25),
    Rung(MarketLevel.NEIGHBOURING_SECTORS, None),
    Rung(MarketLevel.CITY, None),
)
"""The last level gives a range but never a label, because a city is not a neighbourhood."""


def area_bounds(area_sqft: int, percent: int) -> tuple[int, int]:
    """Both ends are inclusive."""
    return -(-area_sqft * (100 - percent) // 100), area_sqft * (100 + percent) // 100


def neighbourhood(locality: str) -> tuple[str, ...]:
    """Return a sector and its neighbouring sectors."""
    return (locality, *near((locality,), NEXT_DOOR_KM))
