"""The eight compass directions, with the sun that a front gets at Noida's latitude."""

from dataclasses import dataclass

from schemas.vocabulary import LABELS, Direction

MORNING = {Direction.NORTH_EAST, Direction.EAST, Direction.SOUTH_EAST}
EVENING = {Direction.SOUTH_WEST, Direction.WEST, Direction.NORTH_WEST}


@dataclass(frozen=True)
class Facing:
    direction: Direction
    degrees: int
    """Clockwise from north."""
    label: str
    sun: str | None
    """`morning` or `evening`; a south front has sun at noon, a north front hardly any."""


def facing(direction: Direction) -> Facing:
    sun = "morning" if direction in MORNING else "evening" if direction in EVENING else None
    return Facing(direction, list(Direction).index(direction) * 45, LABELS[direction], sun)
