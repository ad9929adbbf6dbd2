"""The relaxations of a search. Each is a ladder from its smallest step to its largest.

They are ordered by how much a visitor regrets them, least first. Sale or rent, and being live, are
never relaxed. A step changes one field. The last step of a ladder finds all that its other steps find.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from domain.geography.neighbours import NEXT_DOOR_KM, near
from domain.geography.places import BY_NUMBER
from schemas.api.base import LARGEST, MOST_CHOICES, UNKNOWN, in_order
from schemas.api.search.canonical import AreaRange, ListingSearch, PriceRange, Range
from schemas.bounds import AREA_SQFT
from schemas.sectors import LOCALITIES
from schemas.vocabulary import DealLabel, Direction, PropertyType

NEIGHBOUR_DISTANCES_KM = (NEXT_DOOR_KM, 2.0, 5.0)
RADII_M = (2_000, 5_000)
PRICE_INCREASES_PERCENT = (5, 10, 15)
WIDER_RANGE_PERCENT = (10, 20)
LOWER_SCORE = 10
FLOORS_AWAY, LOWEST_FLOOR, HIGHEST_FLOOR = 2, -3, 100
YEARS_OLDER, OLDEST = 5, 150
ROOMS_TRIED = 3
"""How many wishes about rooms are dropped one at a time, before all are dropped together."""
MOST_STEPS = 40
"""At most this many steps are counted for a search. If it has choices in nearly every field, the last
relaxations are left out."""
SIMILAR = {
    PropertyType.APARTMENT: PropertyType.BUILDER_FLOOR,
    PropertyType.BUILDER_FLOOR: PropertyType.APARTMENT,
    PropertyType.INDEPENDENT_HOUSE: PropertyType.VILLA,
    PropertyType.VILLA: PropertyType.INDEPENDENT_HOUSE,
}

ChangedFields = dict[str, Any]
"""Fields of a search and their new values."""
Ladder = list[ChangedFields]
Relaxation = Callable[[ListingSearch], Iterable[ChangedFields]]


def ladders(wanted: ListingSearch) -> list[Ladder]:
    """Return the ladders that have a step for this search, the last ones cut off beyond MOST_STEPS."""
    found = (_steps(relaxation, wanted) for relaxation in RELAXATIONS)
    return list(within(MOST_STEPS, filter(None, found)))


def within(steps: int, candidates: Iterable[Ladder]) -> Iterator[Ladder]:
    """Yield the first ladders, each complete, that have at most so many steps together."""
    for ladder in candidates:
        steps -= len(ladder)
        if steps < 0:
            return
        yield ladder


def _steps(relaxation: Relaxation, wanted: ListingSearch) -> Ladder:
    """Return the steps of one relaxation, without duplicates and without steps that change nothing."""
    steps: Ladder = []
    for update in relaxation(wanted):
        if update not in steps and any(getattr(wanted, name) != value for name, value in update.items()):
            steps.append(update)
    return steps


def drop_words(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.q:
        yield {"q": ""}


def accept_unknown(field: str, wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Also accept homes without a value, besides those in the range."""
    if (known := getattr(wanted, field)) is not None:
        yield {field: known.model_copy(update={"unknown": True})}


def lower_score(field: str, wanted: ListingSearch) -> Iterator[ChangedFields]:
    if (score := getattr(wanted, field)) is not None:
        yield {field: score.model_copy(update={"min": max(0, score.min - LOWER_SCORE)})}


def next_best_deal(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Add the next label, but never `check_price`; then accept any price relative to the market."""
    praised = [label for label in DealLabel if label is not DealLabel.CHECK_PRICE]
    chosen = [place for place, label in enumerate(praised) if label in wanted.deal]
    if chosen:
        yield {"deal": in_order({*wanted.deal, *praised[chosen[-1] : chosen[-1] + 2]})}
    if wanted.deal:
        yield {"deal": ()}


def widen_price_per_sqft(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.price_per_sqft is not None:
        for percent in WIDER_RANGE_PERCENT:
            yield {"price_per_sqft": Range(**_widened(wanted.price_per_sqft, percent, LARGEST))}


def drop_room_wishes(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Drop one wish about a room, each of the first few in turn; then drop all."""
    wishes = wanted.vastu_rooms
    if len(wishes) > 1:
        for given_up in wishes[:ROOMS_TRIED]:
            yield {"vastu_rooms": tuple(wish for wish in wishes if wish != given_up)}
    yield {"vastu_rooms": ()}


def other_floors(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Accept homes without a floor; then a few floors up and down; then any floor."""
    if (floors := wanted.floor_number) is not None:
        yield from accept_unknown("floor_number", wanted)
        lowest = None if floors.min is None else max(LOWEST_FLOOR, floors.min - FLOORS_AWAY)
        highest = None if floors.max is None else min(HIGHEST_FLOOR, floors.max + FLOORS_AWAY)
        yield {"floor_number": floors.model_copy(update={"min": lowest, "max": highest})}
        yield {"floor_number": None}


def accept_older(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Accept homes without an age; then some years older; then any age."""
    if (age := wanted.age_years) is not None:
        yield from accept_unknown("age_years", wanted)
        yield {"age_years": age.model_copy(update={"max": min(OLDEST, age.max + YEARS_OLDER)})}
        yield {"age_years": None}


def any_choice(field: str, wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Also accept homes without a value; then accept all homes."""
    if chosen := getattr(wanted, field):
        yield {field: in_order({*chosen, UNKNOWN})}
        yield {field: ()}


def other_facings(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Accept homes without a facing; then the directions next to those chosen; then all."""
    compass = list(Direction)
    if wanted.facing_direction:
        yield {"facing_direction": in_order({*wanted.facing_direction, UNKNOWN})}
        places = [compass.index(facing) for facing in wanted.facing_direction if facing != UNKNOWN]
        beside = {compass[(place + step) % len(compass)] for place in places for step in (-1, 1)}
        yield {"facing_direction": in_order({*wanted.facing_direction, *beside})}
        yield {"facing_direction": ()}


def add_nearby_localities(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Add neighbouring sectors, then those within 2 km and 5 km, nearest first, up to MOST_CHOICES."""
    if wanted.locality:
        for wider in _with_neighbours(wanted.locality):
            yield {"locality": in_order(wider)}


def add_nearby_sectors(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Do the same as `add_nearby_localities` for sectors that were chosen by number."""
    if wanted.sector:
        for wider in _with_neighbours([BY_NUMBER[sector.casefold()].locality for sector in wanted.sector]):
            yield {"sector": in_order(LOCALITIES[locality].sector for locality in wider)}


def _with_neighbours(localities: Sequence[str]) -> Iterator[Sequence[str]]:
    for km in NEIGHBOUR_DISTANCES_KM:
        yield (*localities, *near(localities, km))[:MOST_CHOICES]


def widen_circle(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.geo is not None and wanted.geo.radius is not None:
        for metres in RADII_M:
            if metres > wanted.geo.radius.metres:
                radius = wanted.geo.radius.model_copy(update={"metres": metres})
                yield {"geo": wanted.geo.model_copy(update={"radius": radius})}


def any_society(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.society:
        yield {"society": ()}


def raise_budget(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.price is not None:
        for percent in PRICE_INCREASES_PERCENT:
            yield {"price": PriceRange(**_widened(wanted.price, percent, LARGEST))}


def widen_area(wanted: ListingSearch) -> Iterator[ChangedFields]:
    if wanted.area_sqft is not None:
        for percent in WIDER_RANGE_PERCENT:
            yield {"area_sqft": AreaRange(**_widened(wanted.area_sqft, percent, AREA_SQFT.most))}


def _widened(wanted: Range, percent: int, largest: int) -> dict[str, int]:
    """Widen a range by `percent` at both ends; a price range with a maximum is only raised at its maximum.

    No end exceeds `largest`, because the visitor must be able to request the new range.
    """
    if isinstance(wanted, PriceRange) and wanted.max is not None:
        ends = {"min": wanted.min, "max": wanted.max * (100 + percent) // 100}
    else:
        ends = {
            "min": None if wanted.min is None else wanted.min * (100 - percent) // 100,
            "max": None if wanted.max is None else wanted.max * (100 + percent) // 100,
        }
    return {end: min(value, largest) for end, value in ends.items() if value is not None}


def neighbouring_bedrooms(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Add one bedroom more; then one less; then both."""
    chosen = [bhk for bhk in wanted.bhk if bhk != UNKNOWN]
    more, fewer = ({bhk + step for bhk in chosen if 0.5 <= bhk + step <= 20} for step in (1, -1))
    for added in (more, fewer, more | fewer):
        if len(together := in_order({*wanted.bhk, *added})) <= MOST_CHOICES:
            yield {"bhk": together}


def similar_types(wanted: ListingSearch) -> Iterator[ChangedFields]:
    """Add similar property types, one at a time; then all of them."""
    similar = [SIMILAR[kind] for kind in wanted.property_type if kind in SIMILAR]
    for added in (*({kind} for kind in similar), set(similar)):
        yield {"property_type": in_order({*wanted.property_type, *added})}


RELAXATIONS: tuple[Relaxation, ...] = (
    drop_words,
    partial(accept_unknown, "vastu_score"),
    partial(accept_unknown, "light_score"),
    partial(lower_score, "vastu_score"),
    partial(lower_score, "light_score"),
    next_best_deal,
    drop_room_wishes,
    other_floors,
    accept_older,
    partial(any_choice, "furnishing_status"),
    other_facings,
    partial(any_choice, "bathrooms"),
    add_nearby_localities,
    add_nearby_sectors,
    widen_circle,
    any_society,
    raise_budget,
    widen_price_per_sqft,
    widen_area,
    partial(any_choice, "possession_status"),
    neighbouring_bedrooms,
    similar_types,
)
"""Ordered by how much a visitor regrets them, least first."""
