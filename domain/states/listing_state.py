"""The states of a property and the moves between them."""

from collections.abc import Mapping

from schemas.vocabulary import PropertyState

DRAFT, ACTIVE, UNDER_OFFER, INACTIVE, SOLD, EXPIRED, DELETED = PropertyState

MOVES: Mapping[PropertyState, tuple[PropertyState, ...]] = {
    DRAFT: (ACTIVE, SOLD, EXPIRED, DELETED),
    ACTIVE: (UNDER_OFFER, INACTIVE, SOLD, EXPIRED, DELETED),
    UNDER_OFFER: (ACTIVE, SOLD, EXPIRED, DELETED),
    INACTIVE: (ACTIVE, SOLD, EXPIRED, DELETED),
    # An ended listing can only be offered again, or be deleted.
    SOLD: (ACTIVE, DELETED),
    EXPIRED: (ACTIVE, DELETED),
    DELETED: (ACTIVE,),
}

SHOWN = frozenset({ACTIVE, UNDER_OFFER})
ENDED = frozenset({SOLD, EXPIRED, DELETED})


def worded(state: str) -> str:
    """Return the state in words, such as `under offer`."""
    return state.replace("_", " ")


class IllegalMove(Exception):
    """The move is not allowed; `allowed` holds the possible states."""

    def __init__(self, now: PropertyState, wanted: PropertyState) -> None:
        super().__init__(f"{now} cannot become {wanted}")
        self.allowed = MOVES[now]


def move(now: PropertyState, wanted: PropertyState) -> PropertyState:
    """Return the wanted state; staying in the same state is always allowed.

    Raises:
        IllegalMove: the state cannot be reached from the current one.
    """
    if wanted is not now and wanted not in MOVES[now]:
        raise IllegalMove(now, wanted)
    return wanted


def state_when(*, shown: bool, now: PropertyState) -> PropertyState:
    """Return the state that shows or hides a listing; a listing already shown or hidden keeps its state."""
    if shown is (now in SHOWN):
        return now
    return ACTIVE if shown else INACTIVE
