"""The directions of a demo home's rooms, as far as its owner gave them, and the scores that follow."""

import random

from demo import shares
from demo.home import Building, Directions, Rooms, Scores
from domain.light import light_score
from domain.vastu import RULES, vastu_score
from schemas.vocabulary import Direction, ScoreSource

ALL = list(Direction)
PREFERRED = {rule.id: sorted(rule.ideal) or ALL for rule in RULES}
UNTOLD = Directions(None, None, None, None, None, None, None)


def draw_directions(rng: random.Random, rooms: Rooms) -> Directions:
    if rng.random() >= shares.FACING_KNOWN:
        return UNTOLD
    facing = shares.FACING.pick(rng)
    if rooms.bhk is None or rng.random() >= shares.ROOMS_KNOWN:
        return UNTOLD._replace(facing_direction=facing)
    return Directions(
        facing,
        facing,
        _room(rng, "kitchen"),
        _room(rng, "master_bedroom"),
        _room(rng, "pooja") if rng.random() < shares.POOJA_ROOM else None,
        _room(rng, "toilet"),
        rng.choice(ALL) if rooms.balconies else None,
    )


def _room(rng: random.Random, name: str) -> Direction:
    return rng.choice(PREFERRED[name] if rng.random() < shares.BUILT_BY_VASTU else ALL)


def score(building: Building, directions: Directions) -> Scores:
    vastu = vastu_score(
        facing=directions.facing_direction,
        entrance=directions.entrance_direction,
        kitchen=directions.kitchen_direction,
        master_bedroom=directions.master_bedroom_direction,
        pooja=directions.pooja_direction,
        toilet=directions.toilet_direction,
    )
    light = light_score(
        open_sides=building.open_sides,
        balcony_direction=directions.balcony_direction,
        floor_number=building.floor_number,
        total_floors=building.total_floors,
    )
    return Scores(
        vastu.score,
        vastu.coverage,
        ScoreSource.COMPUTED,
        light.score,
        light.coverage,
        ScoreSource.COMPUTED,
    )
