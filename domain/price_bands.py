"""Price bands that follow the supply: ladder steps combined until each band holds its share."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.money import LADDER, format_amount
from schemas.vocabulary import ListingType

BANDS = 6  # people read more options than this one by one, but can scan fewer
SMALLEST_SHARE = 0.05  # a smaller band is not worth asking about


@dataclass(frozen=True)
class Band:
    """Prices in [floor, ceiling), in rupees; a ceiling of None is open."""

    floor: int
    ceiling: int | None
    count: int

    @property
    def value(self) -> str:
        """Return the band's id in an answer: `6000000-9000000`; an open end is left out."""
        return f"{self.floor or ''}-{self.ceiling or ''}"

    @property
    def label(self) -> str:
        return _label(self.floor, self.ceiling)


@lru_cache(maxsize=1024)  # bands end at ladder steps, so the same few labels recur
def _label(floor: int, ceiling: int | None) -> str:
    if ceiling is None:
        return f"{format_amount(floor)} and above" if floor else "Any price"
    if not floor:
        return f"Under {format_amount(ceiling)}"
    return f"{format_amount(floor)} to {format_amount(ceiling)}"


def ladder_step(listing_type: ListingType, price: int) -> int:
    """Return the ladder step at or below a price; 0 below the first one."""
    ladder = LADDER[listing_type]
    place = bisect_right(ladder, price)
    return ladder[place - 1] if place else 0


def price_bands(supply: Mapping[int, int]) -> list[Band]:
    """Combine the counts per `ladder_step` into about six bands of similar size.

    The bands cover every price, so their counts add up to the supply.
    """
    total = sum(supply.values())
    if not total:
        return []
    cuts = list(_cuts(supply, total))
    floors, ceilings = [0, *cuts], [*cuts, None]
    return [
        Band(floor, ceiling, _within(supply, floor, ceiling))
        for floor, ceiling in zip(floors, ceilings, strict=True)
    ]


def _cuts(supply: Mapping[int, int], total: int) -> Iterator[int]:
    """Yield the boundaries between bands, each with enough listings on both sides."""
    share, smallest = total / BANDS, total * SMALLEST_SHARE
    gathered, left = 0, total
    for step in sorted(supply):
        # Cut if stopping here is closer to a full share than including this step.
        full = gathered + supply[step] / 2 >= share
        if full and gathered >= smallest and left >= smallest:
            yield step
            gathered = 0
        gathered += supply[step]
        left -= supply[step]


def _within(supply: Mapping[int, int], floor: int, ceiling: int | None) -> int:
    return sum(
        count for step, count in supply.items() if step >= floor and (ceiling is None or step < ceiling)
    )
