"""The states of a lead: from the first contact to a deal, or to its loss with a reason."""

from collections.abc import Mapping

from schemas.vocabulary import InquiryStatus as Status

MOVES: Mapping[Status, tuple[Status, ...]] = {
    Status.NEW: (Status.CONTACTED,),
    Status.CONTACTED: (Status.QUALIFIED, Status.LOST),
    Status.QUALIFIED: (Status.CONVERTED, Status.LOST),
    Status.CONVERTED: (),
    Status.LOST: (),
}
"""The moves that admins may make; a lost lead reopens only when its visitor asks again."""
OPEN = tuple(status for status, to in MOVES.items() if to)
"""Statuses of leads that still need work."""


def allowed_from(status: Status) -> tuple[Status, ...]:
    return MOVES[status]


def may_move(status: Status, to: Status) -> bool:
    return to in MOVES[status]


def when_asked_again(status: Status) -> Status:
    """Return the status after the visitor asks again: a lost lead becomes new, others keep theirs.

    A visitor who asks again after a converted lead starts a new lead.
    """
    return Status.NEW if status is Status.LOST else status
