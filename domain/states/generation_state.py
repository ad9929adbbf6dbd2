"""The states of an index generation and the moves between them."""

from collections.abc import Mapping

from schemas.vocabulary import GenerationState

BUILDING, VERIFYING, LIVE, RETAINED, STALE, DROPPED, FAILED = GenerationState

MOVES: Mapping[GenerationState, tuple[GenerationState, ...]] = {
    BUILDING: (VERIFYING, DROPPED, FAILED),
    VERIFYING: (LIVE, DROPPED, FAILED),
    LIVE: (RETAINED, FAILED),
    RETAINED: (LIVE, STALE, DROPPED, FAILED),
    # A generation that misses changes or has ended is never used again; its index is only deleted.
    STALE: (DROPPED,),
    FAILED: (DROPPED,),
    DROPPED: (),
}


class IllegalMove(Exception):
    """A generation cannot move from one state to the other."""


def move(now: GenerationState, wanted: GenerationState) -> GenerationState:
    """Return the wanted state; staying in the same state is always allowed.

    Raises:
        IllegalMove: the state cannot be reached from the current one.
    """
    if wanted is not now and wanted not in MOVES[now]:
        raise IllegalMove(f"A generation that is {now} cannot become {wanted}.")
    return wanted
