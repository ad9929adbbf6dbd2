"""The ways in which a search can give in, each a ladder from its smallest step to its largest.

They stand in the order of regret. What kind of offer it is, and that it is live, is never given up.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from domain.neighbours import NEXT_DOOR_KM, near
from schemas.api.base import LARGEST, MOST_CHOICES, UNKNOWN
from schemas.api.search import AreaRange, ListingSearch, PriceRange, Range
from schemas.bounds import AREA_SQFT
from schemas.vocabulary import PropertyType

FURTHER_KM = (NEXT_DOOR_KM, 2.0, 5.0)
RADII_M = (2_000, 5_000)
DEARER_PERCENT = (5, 10, 15)
LARGER_PERCENT = (10, 20)
LOWER_SCORE = 10
SIMILAR = {
    PropertyType.APARTMENT: PropertyType.BUILDER_FLOOR,
    PropertyType.BUILDER_FLOOR: PropertyType.APARTMENT,
    PropertyType.INDEPENDENT_HOUSE: PropertyType.VILLA,
    PropertyType.VILLA: PropertyType.INDEPENDENT_HOUSE,
}

Update = dict[str, Any]
"""Fields of a search, with other values."""
Ladder = list[Update]
Way = Callable[[ListingSearch], Iterable[Update]]


def ladders(wanted: ListingSearch) -> list[Ladder]:
    """The ladders that have a step for this search."""
    return [steps for steps in (_steps(way, wanted) for way in WAYS) if steps]


def _steps(way: Way, wanted: ListingSearch) -> Ladder:
    """Without steps that change nothing, and without the same step twice."""
    steps: Ladder = []
    for update in way(wanted):
        if update not in steps and any(getattr(wanted, name) != value for name, value in update.items()):
            steps.append(update)
    return steps


def drop_words(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.q:
        yield {"q": ""}


def accept_unknown_scores(wanted: ListingSearch) -> Iterator[Update]:
    accepted = {
        name: score.model_copy(update={"unknown": True})
        for name, score in (("vastu_score", wanted.vastu_score), ("light_score", wanted.light_score))
        if score is not None
    }
    if accepted:
        yield accepted


def lower_vastu(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.vastu_score is not None:
        lower = max(0, wanted.vastu_score.min - LOWER_SCORE)
        yield {"vastu_score": wanted.vastu_score.model_copy(update={"min": lower})}


def lower_light(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.light_score is not None:
        lower = max(0, wanted.light_score.min - LOWER_SCORE)
        yield {"light_score": wanted.light_score.model_copy(update={"min": lower})}


def look_further(wanted: ListingSearch) -> Iterator[Update]:
    """Neighbouring sectors, then those within 2 km and 5 km, the nearest first, as many as a choice holds."""
    if wanted.locality:
        for km in FURTHER_KM:
            wider = (*wanted.locality, *near(wanted.locality, km))[:MOST_CHOICES]
            yield {"locality": tuple(sorted(wider))}


def widen_circle(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.geo is not None and wanted.geo.radius is not None:
        for metres in RADII_M:
            if metres > wanted.geo.radius.metres:
                radius = wanted.geo.radius.model_copy(update={"metres": metres})
                yield {"geo": wanted.geo.model_copy(update={"radius": radius})}


def leave_society(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.society:
        yield {"society": ()}


def raise_budget(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.price is not None:
        for percent in DEARER_PERCENT:
            yield {"price": PriceRange(**_widened(wanted.price, percent, LARGEST))}


def widen_area(wanted: ListingSearch) -> Iterator[Update]:
    if wanted.area_sqft is not None:
        for percent in LARGER_PERCENT:
            yield {"area_sqft": AreaRange(**_widened(wanted.area_sqft, percent, AREA_SQFT.most))}


def _widened(wanted: Range, percent: int, largest: int) -> dict[str, int]:
    """Both ends further out; a budget is raised at its top, and lowered where it has no other end.

    Never further than may be asked for, since the visitor is to ask for it.
    """
    if isinstance(wanted, PriceRange) and wanted.max is not None:
        ends = {"min": wanted.min, "max": wanted.max * (100 + percent) // 100}
    else:
        ends = {
            "min": None if wanted.min is None else wanted.min * (100 - percent) // 100,
            "max": None if wanted.max is None else wanted.max * (100 + percent) // 100,
        }
    return {end: min(value, largest) for end, value in ends.items() if value is not None}


def neighbouring_bedrooms(wanted: ListingSearch) -> Iterator[Update]:
    chosen = [bhk for bhk in wanted.bhk if bhk != UNKNOWN]
    more = {bhk + step for bhk in chosen for step in (-1, 1) if 0.5 <= bhk + step <= 20}
    if chosen and len({*wanted.bhk, *more}) <= MOST_CHOICES:
        numbers = sorted({*chosen, *more})
        yield {"bhk": (*numbers, *(bhk for bhk in wanted.bhk if bhk == UNKNOWN))}


def similar_types(wanted: ListingSearch) -> Iterator[Update]:
    more = {SIMILAR[kind] for kind in wanted.property_type if kind in SIMILAR}
    if more - set(wanted.property_type):
        yield {"property_type": tuple(sorted({*wanted.property_type, *more}))}


WAYS: tuple[Way, ...] = (
    drop_words,
    accept_unknown_scores,
    lower_vastu,
    lower_light,
    look_further,
    widen_circle,
    leave_society,
    raise_budget,
    widen_area,
    neighbouring_bedrooms,
    similar_types,
)
"""In the order of regret."""
