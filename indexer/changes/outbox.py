"""The outbox as drains use it: claim and add pending changes, and measure the backlog."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.tables import REVISIONS, OutboxRow


@dataclass(frozen=True)
class Change:
    property_id: UUID
    revision: int
    deleted: bool
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    awaited: bool = False


async def claim(connection: AsyncConnection, limit: int) -> list[Change]:
    """Claim changes that no other drain has locked: awaited ones first, then the oldest.

    If the transaction fails, they are pending again.
    """
    order = (OutboxRow.awaited.desc(), OutboxRow.id)
    free = select(OutboxRow.id).order_by(*order).limit(limit).with_for_update(skip_locked=True)
    # An array, because a join could be planned as a scan of the whole outbox when the backlog is long.
    chosen = OutboxRow.id == func.any(func.array(free.scalar_subquery()))
    columns = (
        OutboxRow.property_id,
        OutboxRow.revision,
        OutboxRow.deleted,
        OutboxRow.created_at,
        OutboxRow.awaited,
    )
    return [
        Change(*row) for row in await connection.execute(delete(OutboxRow).where(chosen).returning(*columns))
    ]


async def enqueue(connection: AsyncConnection, revisions: Mapping[UUID, int]) -> None:
    """Queue properties for indexing, in the caller's transaction."""
    if revisions:
        rows = [{"property_id": key, "revision": revision} for key, revision in revisions.items()]
        await connection.execute(insert(OutboxRow), rows)


async def enqueue_tombstones(connection: AsyncConnection, ids: Iterable[UUID]) -> None:
    """Queue tombstones for properties that no longer exist, each with a newly drawn revision."""
    rows = [{"property_id": key, "deleted": True} for key in ids]
    if rows:
        await connection.execute(insert(OutboxRow).values(revision=REVISIONS.next_value()), rows)


async def lag_s(connection: AsyncConnection) -> float:
    """Return the age in seconds of the oldest pending change, claimed or not; 0 if nothing is pending."""
    oldest = select(OutboxRow.created_at).order_by(OutboxRow.id).limit(1).scalar_subquery()
    age = func.extract("epoch", func.clock_timestamp() - oldest)
    return max(0.0, float(await connection.scalar(select(age)) or 0))


async def depth(connection: AsyncConnection) -> int:
    return await connection.scalar(select(func.count()).select_from(OutboxRow)) or 0


async def newest_id(connection: AsyncConnection) -> int:
    """Return the highest pending id, as a mark: every change that is pending now has an id up to it."""
    return await connection.scalar(select(func.max(OutboxRow.id))) or 0


async def is_pending_up_to(connection: AsyncConnection, mark: int) -> bool:
    """Whether a change up to the mark is unsettled; changes that a drain has claimed are unsettled too."""
    oldest = select(OutboxRow.id).order_by(OutboxRow.id).limit(1)
    return (await connection.scalar(oldest) or mark + 1) <= mark
