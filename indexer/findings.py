"""What may be wrong with a document, judged from its row before and after changes were drained."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    MISSING = "missing"
    """There is a row, and no document that a search could find."""
    ORPHAN = "orphan"
    """There is a document, and no row."""
    STALE = "stale"
    """The document is of an older revision than the row."""
    AHEAD = "ahead"
    """The document is of a revision that the row has never had: the database was restored. The engine
    takes nothing older, so the row must get a new revision."""
    DIFFERENT = "different"
    """The revision is the row's, the content is not."""


@dataclass(frozen=True)
class Held:
    """A document as the engine holds it."""

    revision: int
    is_tombstone: bool = False


@dataclass(frozen=True)
class Finding:
    fault: Fault
    property_id: str
    row_revision: int | None
    document_revision: int | None

    @property
    def is_orphan(self) -> bool:
        return self.fault is Fault.ORPHAN


def judge(before: int | None, held: Held | None, after: int | None) -> Fault | None:
    """What is wrong, if anything is for certain.

    Args:
        before: the row's revision, read before what was pending then was drained; None without a row.
        held: what the engine held afterwards.
        after: the row's revision, read once more; meanwhile people may have gone on writing.
    """
    if before is None:
        gone = after is None
        return Fault.ORPHAN if gone and held is not None and not held.is_tombstone else None
    if after is None:
        return None  # deleted meanwhile, and its tombstone may still be on the way
    return _judge_document(before, held, after)


def _judge_document(before: int, held: Held | None, after: int) -> Fault | None:
    if held is None:
        return Fault.MISSING
    if held.revision > after:
        return Fault.AHEAD
    if held.revision < before:
        return Fault.STALE
    return Fault.MISSING if held.is_tombstone else None
