"""The outbox as drains read it: pending changes, and how long the oldest has been waiting."""

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
    """Take changes that no other drain holds, those that somebody waits for first, then the oldest.

    They are back if the transaction fails.
    """
    order = (OutboxRow.awaited.desc(), OutboxRow.id)
    free = select(OutboxRow.id).order_by(*order).limit(limit).with_for_update(skip_locked=True)
    # As an array, because a join might be planned as a scan of the whole outbox when it is long.
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


async def owe(connection: AsyncConnection, revisions: Mapping[UUID, int]) -> None:
    """Have properties indexed again, in the caller's transaction."""
    if revisions:
        rows = [{"property_id": key, "revision": revision} for key, revision in revisions.items()]
        await connection.execute(insert(OutboxRow), rows)


async def owe_tombstones(connection: AsyncConnection, ids: Iterable[UUID]) -> None:
    """Have documents of properties that are no more turned into tombstones, at revisions of their own."""
    rows = [{"property_id": key, "deleted": True} for key in ids]
    if rows:
        await connection.execute(insert(OutboxRow).values(revision=REVISIONS.next_value()), rows)


async def lag_s(connection: AsyncConnection) -> float:
    """The age in seconds of the oldest pending change, claimed or not; 0 when nothing is pending."""
    oldest = select(OutboxRow.created_at).order_by(OutboxRow.id).limit(1).scalar_subquery()
    age = func.extract("epoch", func.clock_timestamp() - oldest)
    return max(0.0, float(await connection.scalar(select(age)) or 0))


async def depth(connection: AsyncConnection) -> int:
    return await connection.scalar(select(func.count()).select_from(OutboxRow)) or 0


async def newest(connection: AsyncConnection) -> int:
    """A mark: what is pending now has ids up to this."""
    return await connection.scalar(select(func.max(OutboxRow.id))) or 0


async def is_pending(connection: AsyncConnection, mark: int) -> bool:
    """Whether a change up to the mark is not settled yet; one that a drain has in hand is not."""
    oldest = select(OutboxRow.id).order_by(OutboxRow.id).limit(1)
    return (await connection.scalar(oldest) or mark + 1) <= mark
