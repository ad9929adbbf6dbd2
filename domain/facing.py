"""The eight directions as a compass shows them, with the sun that a front sees at Noida's latitude."""

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
    """`morning` or `evening`; a front to the south has it at noon, one to the north hardly at all."""


def facing(direction: Direction) -> Facing:
    sun = "morning" if direction in MORNING else "evening" if direction in EVENING else None
    return Facing(direction, list(Direction).index(direction) * 45, LABELS[direction], sun)
