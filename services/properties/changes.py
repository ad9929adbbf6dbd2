"""Properties in the order in which they changed, for readers that must not miss any change.

Order by time is not enough: a transaction that began earlier may commit later, when a reader has passed
it. So each property has the number of the transaction that changed it last. A change is returned once
all lower transactions have ended, because nothing new can appear below the oldest running one. This
delays a change for a moment, but never skips it. A property that changes again moves to the end, so a
reader may see it twice, in its latest state.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from schemas.api.admin.changes import ChangedProperty
from schemas.tables import Property
from schemas.vocabulary import PropertyState
from services.properties.rows import view

# A promoted standby or a restored backup may lack changes that a reader has seen, and reuses their numbers.
HISTORY = text("""
    SELECT system_identifier || '.' || timeline_id FROM pg_control_system(), pg_control_checkpoint()
""")
# Numbers that this server has not reached yet come from a dump of another server.
ADOPT = text("""
    UPDATE property_changes SET changed_in = pg_current_xact_id()::text::bigint
    WHERE changed_in >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
""")
SETTLED = text("""
    SELECT property_id, changed_in, is_gone FROM property_changes
    WHERE (changed_in, property_id) > (:changed_in, :property_id)
      AND changed_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY changed_in, property_id LIMIT :limit
""")


FIRST = UUID(int=0)
"""Sorts before every generated id."""


@dataclass(frozen=True)
class ChangePosition:
    """A reader's position."""

    changed_in: int = 0
    property_id: UUID = FIRST


@dataclass(frozen=True)
class Changes:
    items: list[ChangedProperty]
    position: ChangePosition
    has_more: bool


async def timeline_id(session: AsyncSession) -> str:
    """Return an id of the server and its timeline; a `ChangePosition` is valid only within one of them."""
    return str(await session.scalar(HISTORY))


async def adopt_restored_rows(session: AsyncSession) -> None:
    """Mark everything that a restored dump brought as changed now; commit this before reading changes."""
    await session.execute(ADOPT)


async def changes_after(session: AsyncSession, position: ChangePosition, limit: int) -> Changes:
    """Return the next changes after a place, at most `limit`; must be the first in its transaction."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    values = {"changed_in": position.changed_in, "property_id": position.property_id, "limit": limit + 1}
    found = (await session.execute(SETTLED, values)).all()
    told = found[:limit]
    rows = await _read_properties(session, [change.property_id for change in told if not change.is_gone])
    return Changes(
        items=[_changed(change.property_id, rows.get(change.property_id)) for change in told],
        position=ChangePosition(told[-1].changed_in, told[-1].property_id) if told else position,
        has_more=len(found) > limit,
    )


async def _read_properties(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Property]:
    query = select(Property).where(Property.id.in_(ids))
    whole = query.options(selectinload(Property.images), selectinload(Property.market))
    return {row.id: row for row in await session.scalars(whole)}


def _changed(property_id: UUID, row: Property | None) -> ChangedProperty:
    return ChangedProperty(
        id=property_id,
        deleted=row is None or row.state == PropertyState.DELETED,
        property=None if row is None else view(row),
    )
