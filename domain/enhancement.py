"""How the enhancement of a picture goes, from being asked for to its one end.

What happens may be told late, twice or out of order, by workers and by the AI service; a move that is
not in the table is no move. So every order of the same events leads to the same end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import EnhancementStatus as Status

LONGEST = timedelta(hours=48)
"""From being asked for: whoever has not delivered by then never will."""
RESULT_TRIES = 10
"""Of fetching a result and drawing it, counted when one begins: a picture that kills its worker ends too."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)


@dataclass(frozen=True)
class Job:
    """One request to enhance one picture."""

    image_id: UUID
    id: str
    attempt: int
    """Which request for this picture it is, counted from 1; only the latest may move it."""


class Stage(StrEnum):
    """The status as the work sees it: whether a processed picture waits to be fetched is its own stage."""

    NONE = "none"
    PENDING = "pending"
    PROCESSING = "processing"
    FETCHING = "fetching"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"

    @property
    def status(self) -> Status:
        return Status.PROCESSING if self is Stage.FETCHING else Status(self.value)


class Event(StrEnum):
    REQUESTED = "requested"
    FORCED = "forced"
    """Asked for although there is an enhanced picture."""
    ACCEPTED = "accepted"
    """The AI service took the job."""
    REJECTED = "rejected"
    """The AI service will never take it."""
    STARTED = "started"
    DELIVERED = "delivered"
    """The AI service says where its result is."""
    GIVEN_UP = "given_up"
    """The AI service says that it has none."""
    STORED = "stored"
    UNUSABLE = "unusable"
    """The result cannot be had, or is no picture that we take."""
    EXPIRED = "expired"
    REVERTED = "reverted"


_ASKING = {Event.REQUESTED: Stage.PENDING, Event.FORCED: Stage.PENDING}
_LEAVING = {Event.EXPIRED: Stage.TIMEOUT, Event.REVERTED: Stage.NONE}
_TOLD = {Event.DELIVERED: Stage.FETCHING, Event.GIVEN_UP: Stage.FAILED}

MOVES: Mapping[Stage, Mapping[Event, Stage]] = {
    Stage.NONE: _ASKING,
    # A worker that was killed behind its post never said that the job was accepted: events say it as well.
    Stage.PENDING: {
        Event.ACCEPTED: Stage.PROCESSING,
        Event.STARTED: Stage.PROCESSING,
        Event.REJECTED: Stage.FAILED,
        **_TOLD,
        **_LEAVING,
    },
    Stage.PROCESSING: {**_TOLD, **_LEAVING},
    Stage.FETCHING: {Event.STORED: Stage.COMPLETED, Event.UNUSABLE: Stage.FAILED, **_LEAVING},
    Stage.COMPLETED: {Event.FORCED: Stage.PENDING, Event.REVERTED: Stage.NONE},
    Stage.FAILED: {**_ASKING, Event.REVERTED: Stage.NONE},
    Stage.TIMEOUT: {**_ASKING, Event.REVERTED: Stage.NONE},
}

RUNNING = frozenset({Stage.PENDING, Stage.PROCESSING, Stage.FETCHING})
UNFINISHED = (Status.PENDING, Status.PROCESSING)


def sources(event: Event) -> frozenset[Stage]:
    """The stages that the event ends."""
    return frozenset(stage for stage, moves in MOVES.items() if event in moves)


def target(event: Event) -> Stage:
    """Where the event leads, which is the same from wherever it leads at all."""
    return next(moves[event] for moves in MOVES.values() if event in moves)


def pause_after(tries: int) -> timedelta:
    """How long to leave an AI service alone that has not answered so many times."""
    doublings = min(tries - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
