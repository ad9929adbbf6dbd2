"""The vastu score of a home, a traditional guideline: computed from the known directions, with reasons.

Sources disagree, so the rules rate only what most of them share. Contested directions are neutral, and
nothing is finer than the eight directions. A score is never a promise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schemas.vocabulary import LABELS, Direction

VASTU_RULES_VERSION = 1
"""Increment with every change of a rule, a weight or the points, so that stored scores can be told apart."""

LEAST_COVERAGE = 60  # percent; with less known, a score would reflect the gaps more than the home


class Rating(StrEnum):
    IDEAL = "ideal"
    ACCEPTABLE = "acceptable"
    NEUTRAL = "neutral"
    AVOID = "avoid"


POINTS = {
    Rating.IDEAL: 100,
    Rating.ACCEPTABLE: 70,  # a second choice is closer to neutral than to the first choice
    Rating.NEUTRAL: 50,  # the middle, because contested directions count neither for nor against a home
    Rating.AVOID: 0,
}


@dataclass(frozen=True)
class Rule:
    """A rule about one direction of a home; directions without a rating are neutral."""

    id: str
    statement: str
    """With a placeholder for the direction."""
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
    """The result of one rule for one direction."""

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

The entrance weighs most, because the sources put it first and agree on it best. The facing is the last rule:
balconies are rated for light, and owners are not asked for anything else. With every rule known the best home
reaches 95, because no direction is ideal for a toilet.
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
"""All possible readings, so that bulk runs only look them up."""


def vastu_score(
    *,
    facing: Direction | None = None,
    entrance: Direction | None = None,
    kitchen: Direction | None = None,
    master_bedroom: Direction | None = None,
    pooja: Direction | None = None,
    toilet: Direction | None = None,
) -> VastuScore:
    """Return the weighted mean of the rules whose direction is known.

    An unknown entrance is assumed to be at the front. There is no score without an entrance or a front, or
    with too little known.
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
