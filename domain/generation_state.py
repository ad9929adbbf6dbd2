"""The states of an index generation and the moves between them."""

from collections.abc import Mapping

from schemas.vocabulary import GenerationState

BUILDING, VERIFYING, LIVE, RETAINED, STALE, DROPPED, FAILED = GenerationState

MOVES: Mapping[GenerationState, tuple[GenerationState, ...]] = {
    BUILDING: (VERIFYING, DROPPED, FAILED),
    VERIFYING: (LIVE, DROPPED, FAILED),
    LIVE: (RETAINED, FAILED),
    RETAINED: (LIVE, STALE, DROPPED, FAILED),
    # What misses changes or has ended is never used again: its index is only to be deleted.
    STALE: (DROPPED,),
    FAILED: (DROPPED,),
    DROPPED: (),
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
