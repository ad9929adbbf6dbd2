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
"""Where each status may lead; a lead is won or lost for good, a new interest is a new lead."""


def allowed_from(status: Status) -> tuple[Status, ...]:
    return MOVES[status]


def may_move(status: Status, to: Status) -> bool:
    return to in MOVES[status]
