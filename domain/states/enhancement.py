"""The state machine of a picture's enhancement, from the request to its final state.

Workers and the AI service may report events late, twice or out of order. An event without a move in the table
is ignored, so every order of the same events leads to the same final state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import EnhancementStatus as Status

LONGEST = timedelta(hours=48)
"""Time after the request; a result that has not arrived by then is not expected any more."""
RESULT_TRIES = 10
"""Attempts to fetch and store a result. Counted at the start, so a picture that crashes its worker ends
too."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)


@dataclass(frozen=True)
class Job:
    """One request to enhance one picture."""

    image_id: UUID
    id: str
    attempt: int
    """Number of this request for the picture, from 1; only the latest request may change its state."""


class Stage(StrEnum):
    """The status, with a separate stage for a processed picture that waits to be fetched."""

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
    """Requested although an enhanced picture exists."""
    ACCEPTED = "accepted"
    """The AI service accepted the job."""
    REJECTED = "rejected"
    """The AI service rejected the job permanently."""
    STARTED = "started"
    DELIVERED = "delivered"
    """The AI service reported the URL of its result."""
    GIVEN_UP = "given_up"
    """The AI service reported that it has no result."""
    STORED = "stored"
    UNUSABLE = "unusable"
    """The result cannot be fetched, or is not an accepted picture."""
    EXPIRED = "expired"
    REVERTED = "reverted"


_ASKING = {Event.REQUESTED: Stage.PENDING, Event.FORCED: Stage.PENDING}
_LEAVING = {Event.EXPIRED: Stage.TIMEOUT, Event.REVERTED: Stage.NONE}
_TOLD = {Event.DELIVERED: Stage.FETCHING, Event.GIVEN_UP: Stage.FAILED}

MOVES: Mapping[Stage, Mapping[Event, Stage]] = {
    Stage.NONE: _ASKING,
    # A worker that was killed after sending the job did not record its acceptance, so events imply it.
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
    """Return the stages in which the event causes a move."""
    return frozenset(stage for stage, moves in MOVES.items() if event in moves)


def target(event: Event) -> Stage:
    """Return the stage that the event leads to; it is the same for every source stage."""
    return next(moves[event] for moves in MOVES.values() if event in moves)


def pause_after(tries: int) -> timedelta:
    """Return how long to wait before asking the AI service again after this many failed tries."""
    doublings = min(tries - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
