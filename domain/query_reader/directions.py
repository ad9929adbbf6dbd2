"""Directions: which way a home faces, and bare directions, which may also begin the name of a place."""

from domain.query_reader.phrases import WORDS
from schemas.vocabulary import Direction


def _beside(names: list[str], before: list[str], behind: list[str]) -> str:
    """Combine names and words: `east facing`, `facing east`, `पूर्व मुखी`."""
    return ",".join(
        [f"{name} {word}" for name in names for word in behind]
        + [f"{word} {name}" for name in names for word in before]
    )


def _split(phrases: str) -> list[str]:
    return [phrase for phrase in phrases.split(",") if phrase]


_BEHIND, _BEFORE = (_split(WORDS["looking"][side]) for side in ("behind", "before"))

BARE: dict[str, Direction] = {WORDS["direction"][direction]: direction for direction in Direction}
FACING: dict[str, Direction] = {
    _beside(_split(names), _BEFORE, _BEHIND): direction for names, direction in BARE.items()
} | {
    _beside([WORDS["direction_short"][short]], [], _BEHIND): Direction(short)
    for short in WORDS["direction_short"]
}
