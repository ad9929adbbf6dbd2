"""The states of an index generation and the moves between them."""

from collections.abc import Mapping

from schemas.vocabulary import GenerationState

BUILDING, VERIFYING, LIVE, RETAINED, DROPPED, FAILED = GenerationState

MOVES: Mapping[GenerationState, tuple[GenerationState, ...]] = {
    BUILDING: (VERIFYING, DROPPED, FAILED),
    VERIFYING: (LIVE, DROPPED, FAILED),
    LIVE: (RETAINED, FAILED),
    RETAINED: (LIVE, DROPPED, FAILED),
    # What has ended is never used again: there is no index any more, or not one to be trusted.
    DROPPED: (),
    FAILED: (),
}


class IllegalMove(Exception):
    """A generation cannot go from the one state to the other."""


def move(now: GenerationState, wanted: GenerationState) -> GenerationState:
    """The wanted state; staying where one is is always allowed.

    Raises:
        IllegalMove: it cannot be reached from here.
    """
    if wanted is not now and wanted not in MOVES[now]:
        raise IllegalMove(f"A generation that is {now} cannot become {wanted}.")
    return wanted
