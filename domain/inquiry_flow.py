"""How a lead moves: from a first contact towards a deal, or to its loss with a reason."""

from collections.abc import Mapping

from schemas.vocabulary import InquiryStatus as Status

MOVES: Mapping[Status, tuple[Status, ...]] = {
    Status.NEW: (Status.CONTACTED,),
    Status.CONTACTED: (Status.QUALIFIED, Status.LOST),
    Status.QUALIFIED: (Status.CONVERTED, Status.LOST),
    Status.CONVERTED: (),
    Status.LOST: (),
}
"""Where admins may move a lead; only its visitor brings one back that was lost."""
OPEN = tuple(status for status, to in MOVES.items() if to)
"""Leads that somebody still has to work on."""


def allowed_from(status: Status) -> tuple[Status, ...]:
    return MOVES[status]


def may_move(status: Status, to: Status) -> bool:
    return to in MOVES[status]


def when_asked_again(status: Status) -> Status:
    """A lost lead is new again; a won one stays won, and who asks again after that begins another."""
    return Status.NEW if status is Status.LOST else status
