"""Faults of a document, judged from its row as read before and after pending changes were drained."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    MISSING = "missing"
    """The row exists, but there is no document that a search can find."""
    ORPHAN = "orphan"
    """The document exists, but its row does not."""
    STALE = "stale"
    """The document has an older revision than the row."""
    AHEAD = "ahead"
    """The document has a revision that the row never had: the database was restored. The engine refuses
    older revisions, so the row needs a new one."""
    DIFFERENT = "different"
    """The document has the row's revision, but different content."""


@dataclass(frozen=True)
class IndexedState:
    """The state of a document in the engine."""

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


def fault_of(before: int | None, indexed: IndexedState | None, after: int | None) -> Fault | None:
    """Return the fault, or None unless it is certain.

    Args:
        before: the row's revision before pending changes were drained; None if there was no row.
        indexed: what the engine held after the drain.
        after: the row's revision, read again last; it may have changed in between.
    """
    if before is None:
        gone = after is None
        return Fault.ORPHAN if gone and indexed is not None and not indexed.is_tombstone else None
    if after is None:
        return None  # deleted in between; its tombstone may not be indexed yet
    return _fault_of_document(before, indexed, after)


def _fault_of_document(before: int, indexed: IndexedState | None, after: int) -> Fault | None:
    if indexed is None:
        return Fault.MISSING
    if indexed.revision > after:
        return Fault.AHEAD
    if indexed.revision < before:
        return Fault.STALE
    return Fault.MISSING if indexed.is_tombstone else None
