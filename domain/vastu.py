"""How a home reads by vastu, a traditional guideline: a score for the directions that are known, and why.

Sources disagree, so the rules are ours: only what most of them share is rated, what they contest is
neutral, and nothing is claimed that is finer than the eight directions. A score is never a promise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schemas.vocabulary import LABELS, Direction

VASTU_RULES_VERSION = 1
"""Raised with every change of a rule, a weight or the points, so that stored scores can be told apart."""

LEAST_COVERAGE = 60  # percent; with less known, a score says more about the gaps than about the home


class Rating(StrEnum):
    IDEAL = "ideal"
    ACCEPTABLE = "acceptable"
    NEUTRAL = "neutral"
    AVOID = "avoid"


POINTS = {
    Rating.IDEAL: 100,
    Rating.ACCEPTABLE: 70,  # a second choice is nearer to the middle than to the first
    Rating.NEUTRAL: 50,  # the middle, for what is contested speaks neither for a home nor against it
    Rating.AVOID: 0,
}


@dataclass(frozen=True)
class Rule:
    """What one direction of a home counts; directions that no rating names are neutral."""

    id: str
    statement: str
    """With a gap for the direction."""
    weight: int
    guideline: str
    ideal: frozenset[Direction] = frozenset()
    acceptable: frozenset[Direction] = frozenset()
    avoid: frozenset[Direction] = frozenset()

    def rate(self, direction: Direction) -> Rating:
        if direction in self.ideal:
            return Rating.IDEAL
        if direction in self.acceptable:
            return Rating.ACCEPTABLE
        return Rating.AVOID if direction in self.avoid else Rating.NEUTRAL


@dataclass(frozen=True)
class Reading:
    """What one rule says of one direction."""

    rule: str
    direction: Direction
    rating: Rating
    sentence: str


@dataclass(frozen=True)
class VastuScore:
    score: int | None
    """0-100; None when `partial`."""
    coverage: int
    """Percent of the rules' weight that is known."""
    readings: tuple[Reading, ...]

    @property
    def partial(self) -> bool:
        return self.score is None


def _at(*directions: Direction) -> frozenset[Direction]:
    return frozenset(directions)


RULES: tuple[Rule, ...] = (
    Rule(
        "entrance",
        "The entrance is in the {}",
        35,
        "north-east, north and east are preferred, south-west is avoided",
        ideal=_at(Direction.NORTH_EAST, Direction.NORTH, Direction.EAST),
        avoid=_at(Direction.SOUTH_WEST),
    ),
    Rule(
        "kitchen",
        "The kitchen is in the {}",
        20,
        "south-east is preferred, then north-west; north-east is avoided",
        ideal=_at(Direction.SOUTH_EAST),
        acceptable=_at(Direction.NORTH_WEST),
        avoid=_at(Direction.NORTH_EAST),
    ),
    Rule(
        "master_bedroom",
        "The master bedroom is in the {}",
        15,
        "south-west is preferred, then north-west; north-east is avoided",
        ideal=_at(Direction.SOUTH_WEST),
        acceptable=_at(Direction.NORTH_WEST),
        avoid=_at(Direction.NORTH_EAST),
    ),
    Rule(
        "pooja",
        "The pooja room is in the {}",
        10,
        "north-east and east are preferred",
        ideal=_at(Direction.NORTH_EAST, Direction.EAST),
    ),
    Rule(
        "toilet",
        "The toilet is in the {}",
        10,
        "north-east is avoided, and the sources agree on nothing else",
        avoid=_at(Direction.NORTH_EAST),
    ),
    Rule(
        "facing",
        "The home faces {}",
        10,
        "north-east, north and east are preferred",
        ideal=_at(Direction.NORTH_EAST, Direction.NORTH, Direction.EAST),
    ),
)
"""In the order in which a page shows them.

The entrance weighs most, for the sources put it first and agree on it best. The facing is all that is left of
the remaining rules: balconies are rated for light, and nothing else is asked of an owner. With every rule
known the best home reaches 95, since no direction is ideal for a toilet.
"""

WEIGHTS = {rule.id: rule.weight for rule in RULES}
WEIGHT_OF_ALL = sum(WEIGHTS.values())

VERDICTS = {
    Rating.IDEAL: "as the guideline prefers",
    Rating.ACCEPTABLE: "which the guideline accepts",
    Rating.NEUTRAL: "about which the sources disagree or say nothing",
    Rating.AVOID: "which the guideline avoids",
}


def _reading(rule: Rule, direction: Direction) -> Reading:
    rating = rule.rate(direction)
    statement = rule.statement.format(LABELS[direction].lower())
    return Reading(rule.id, direction, rating, f"{statement}, {VERDICTS[rating]}: {rule.guideline}.")


READINGS: dict[tuple[str, Direction], Reading] = {
    (rule.id, direction): _reading(rule, direction) for rule in RULES for direction in Direction
}
"""All that the rules can say: bulk runs only look it up."""


def vastu_score(
    *,
    facing: Direction | None = None,
    entrance: Direction | None = None,
    kitchen: Direction | None = None,
    master_bedroom: Direction | None = None,
    pooja: Direction | None = None,
    toilet: Direction | None = None,
) -> VastuScore:
    """The weighted mean of the rules whose direction is known; an unknown entrance is taken to be the front.

    Without an entrance or a front, or with too little known, there is no score.
    """
    entrance = entrance or facing
    directions = {
        "entrance": entrance,
        "kitchen": kitchen,
        "master_bedroom": master_bedroom,
        "pooja": pooja,
        "toilet": toilet,
        "facing": facing,
    }
    readings = tuple(
        READINGS[rule, direction] for rule, direction in directions.items() if direction is not None
    )
    coverage = round(100 * _weight(readings) / WEIGHT_OF_ALL)
    published = entrance is not None and coverage >= LEAST_COVERAGE
    return VastuScore(_mean(readings) if published else None, coverage, readings)


def _weight(readings: Iterable[Reading]) -> int:
    return sum(WEIGHTS[reading.rule] for reading in readings)


def _mean(readings: tuple[Reading, ...]) -> int:
    points = sum(WEIGHTS[reading.rule] * POINTS[reading.rating] for reading in readings)
    return round(points / _weight(readings))
