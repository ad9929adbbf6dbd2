"""The states of a property and the moves between them."""

from collections.abc import Mapping

from schemas.vocabulary import PropertyState

DRAFT, ACTIVE, UNDER_OFFER, INACTIVE, SOLD, EXPIRED, DELETED = PropertyState

MOVES: Mapping[PropertyState, tuple[PropertyState, ...]] = {
    DRAFT: (ACTIVE, SOLD, EXPIRED, DELETED),
    ACTIVE: (UNDER_OFFER, INACTIVE, SOLD, EXPIRED, DELETED),
    UNDER_OFFER: (ACTIVE, SOLD, EXPIRED, DELETED),
    INACTIVE: (ACTIVE, SOLD, EXPIRED, DELETED),
    # What has ended comes back only by being offered again; it can always be cleared away.
    SOLD: (ACTIVE, DELETED),
    EXPIRED: (ACTIVE, DELETED),
    DELETED: (ACTIVE,),
}

SHOWN = frozenset({ACTIVE, UNDER_OFFER})
ENDED = frozenset({SOLD, EXPIRED, DELETED})


def worded(state: str) -> str:
    """`under offer`."""
    return state.replace("_", " ")


class IllegalMove(Exception):
    """No such move; what there is instead is in `allowed`."""

    def __init__(self, now: PropertyState, wanted: PropertyState) -> None:
        super().__init__(f"{now} cannot become {wanted}")
        self.allowed = MOVES[now]


def move(now: PropertyState, wanted: PropertyState) -> PropertyState:
    """The wanted state; staying where one is is always allowed.

    Raises:
        IllegalMove: it cannot be reached from here.
    """
    if wanted is not now and wanted not in MOVES[now]:
        raise IllegalMove(now, wanted)
    return wanted


def state_when(*, shown: bool, now: PropertyState) -> PropertyState:
    """The state that shows or hides a listing; one that is as wanted already stays as it is."""
    if shown is (now in SHOWN):
        return now
    return ACTIVE if shown else INACTIVE
