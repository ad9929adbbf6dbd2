"""Generates homes of an invented Noida: the same seed and day give the same homes, ids included."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from demo import shares
from demo.directions import draw_directions, score
from demo.home import Building, Home, Place, Rooms, Standing, Words
from demo.offers import draw_offer
from demo.prices import PUBLISHED
from demo.shares import Weighted
from demo.societies import Society, near, societies
from demo.words import describe, entitle
from schemas.sectors import LOCALITIES
from schemas.vocabulary import Possession, PropertyState, PropertyType

LIVE_TO_DEAD = 25  # live homes for each draft, sold, expired or inactive one
AT_MOST_DAYS_OLD = 180
FIRST_ID_MS = (
    1_767_225_600_000  # 2026-01-01: ids sort by the home's number, as the database's ids sort by time
)
FLAT_SPREAD_DEGREES = 0.0009  # a society's homes lie within about 130 m of each other
OTHER_SPREAD_DEGREES = 0.0025  # other homes lie within 400 m of their sector's center

IN_SOCIETIES = {PropertyType.APARTMENT, PropertyType.PENTHOUSE, PropertyType.STUDIO}
WHOLE_HOUSES = {PropertyType.INDEPENDENT_HOUSE, PropertyType.VILLA}
BHK: dict[PropertyType, Weighted[float]] = {
    PropertyType.APARTMENT: shares.FLAT_BHK,
    PropertyType.BUILDER_FLOOR: shares.FLAT_BHK,
    PropertyType.INDEPENDENT_HOUSE: shares.HOUSE_BHK,
    PropertyType.VILLA: shares.VILLA_BHK,
    PropertyType.PENTHOUSE: shares.FLAT_BHK,
    PropertyType.STUDIO: shares.STUDIO_BHK,
}
SMALLEST_PENTHOUSE_BHK = 3
LOWEST_TOWER = 6  # floors

FLATS = shares.locality_weights(shares.FLAT_LOCALITIES, PUBLISHED[PropertyType.APARTMENT])
LAND = shares.locality_weights({}, PUBLISHED[PropertyType.INDEPENDENT_HOUSE])
LOCALITY = dict.fromkeys(PropertyType, Weighted(LAND)) | {
    PropertyType.BUILDER_FLOOR: Weighted(shares.locality_weights(shares.BUILDER_FLOOR_LOCALITIES, {})),
    **dict.fromkeys(IN_SOCIETIES, Weighted(FLATS)),
}


def homes(listings: int, seed: int, today: datetime) -> Iterator[Home]:
    """Yield `listings` live homes and a few dead ones between them, listed in the half year before `today`.

    A smaller number gives a prefix of a larger one: raising `listings` only adds homes for the same seed.
    """
    rng = random.Random(seed)
    built = societies(rng, FLATS)
    tail = _id_tail(rng)
    for number in range(listings + listings // LIVE_TO_DEAD):
        dead = number % (LIVE_TO_DEAD + 1) == LIVE_TO_DEAD
        yield _home(rng, _id(number, tail), built, _standing(rng, today, dead=dead))


def _id_tail(rng: random.Random) -> int:
    """Return the bits that all ids of one seed share: the version and the random bits of a UUIDv7."""
    return 0x7 << 76 | rng.getrandbits(12) << 64 | 0x2 << 62 | rng.getrandbits(62)


def _id(number: int, tail: int) -> UUID:
    return UUID(int=(FIRST_ID_MS + number) << 80 | tail)


def _standing(rng: random.Random, today: datetime, *, dead: bool) -> Standing:
    # Squared, so that more homes are new than old.
    listed_at = today - timedelta(seconds=int(AT_MOST_DAYS_OLD * 86_400 * rng.random() ** 2))
    if not dead:
        live = PropertyState.UNDER_OFFER if rng.random() < shares.UNDER_OFFER else PropertyState.ACTIVE
        return Standing(live, listed_at, None)
    state = shares.DEAD.pick(rng)
    return Standing(state, listed_at, today if state is PropertyState.EXPIRED else None)


def _home(
    rng: random.Random, home_id: UUID, built: Mapping[str, Weighted[Society]], standing: Standing
) -> Home:
    kind = shares.TYPE.pick(rng)
    locality = LOCALITY[kind].pick(rng)
    society = built[locality].pick(rng) if kind in IN_SOCIETIES else None
    place = _place(rng, locality, society)
    rooms = _rooms(rng, kind)
    building = _building(rng, kind, society)
    offer = draw_offer(rng, kind, place=place, rooms=rooms, building=building, society=society)
    directions = draw_directions(rng, rooms)
    return Home(
        home_id,
        kind,
        place,
        rooms,
        building,
        offer,
        directions,
        score(building, directions),
        standing,
        Words(
            entitle(rng, kind, place=place, rooms=rooms, building=building, offer=offer),
            describe(rng, kind, rooms=rooms, building=building, offer=offer, directions=directions),
        ),
    )


def _place(rng: random.Random, locality: str, society: Society | None) -> Place:
    fact = LOCALITIES[locality]
    centre, spread = (society, FLAT_SPREAD_DEGREES) if society else (fact, OTHER_SPREAD_DEGREES)
    return Place(
        society.name if society else None,
        locality,
        fact.sector,
        near(rng, centre.latitude, spread),
        near(rng, centre.longitude, spread),
    )


def _rooms(rng: random.Random, kind: PropertyType) -> Rooms:
    if kind is PropertyType.PLOT:
        return Rooms(None, None, None)
    bhk = BHK[kind].pick(rng)
    if kind is PropertyType.PENTHOUSE:
        bhk = max(bhk, SMALLEST_PENTHOUSE_BHK)
    bathrooms, balconies = shares.BATHROOMS_BEYOND_BEDROOMS.pick(rng), shares.BALCONIES.pick(rng)
    return Rooms(bhk, max(1, int(bhk) + bathrooms), balconies and min(balconies, int(bhk) + 1))


def _building(rng: random.Random, kind: PropertyType, society: Society | None) -> Building:
    open_sides = shares.OPEN_SIDES.pick(rng)
    if kind is PropertyType.PLOT:
        return Building(None, None, None, None, None, open_sides)
    total = society.total_floors if society else _low_rise_floors(rng, kind)
    age = society.age_years if society else int(rng.random() * (shares.OLDEST + 1))
    return Building(
        _floor(rng, kind, total),
        total,
        0 if age is None else age,
        Possession.UNDER_CONSTRUCTION if age is None else Possession.READY_TO_MOVE,
        None if age is None else shares.FURNISHING.pick(rng),
        open_sides,
    )


def _low_rise_floors(rng: random.Random, kind: PropertyType) -> int:
    return (shares.HOUSE_FLOORS if kind in WHOLE_HOUSES else shares.BUILDER_FLOORS).pick(rng)


def _floor(rng: random.Random, kind: PropertyType, total: int) -> int | None:
    if kind in WHOLE_HOUSES:
        return None
    if kind is PropertyType.PENTHOUSE:
        return total
    ground = shares.LOW_GROUND_FLOOR if total < LOWEST_TOWER else shares.TOWER_GROUND_FLOOR
    return 0 if rng.random() < ground else 1 + int(rng.random() * total)
