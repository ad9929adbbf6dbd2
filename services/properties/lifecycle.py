"""Change a property's state by the table of moves, and keep all its other data."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.listing_state import MOVES, IllegalMove, move, state_when
from schemas.api.admin.properties import StateChange
from schemas.errors import Conflict
from schemas.tables import Property
from schemas.vocabulary import PropertyState
from services.audit import Actor
from services.properties.rows import ExpectedVersions, check_version, find, lock
from services.properties.writes import write

EXPIRY = Actor(id=None, name="expiry")
CAN_EXPIRE = tuple(state for state, moves in MOVES.items() if PropertyState.EXPIRED in moves)
BATCH = 200
"""Listings locked against editors at a time, for some tenths of a second."""


async def change_state(
    session: AsyncSession, actor: Actor, property_id: str, expected: ExpectedVersions, wanted: StateChange
) -> Property:
    """Move a property to another state; repeating a move is a no-op.

    Raises:
        NotFound: there is no such property.
        PreconditionFailed: it was changed by another request first.
        Conflict: there is no such move; `allowed` lists the possible ones.
    """
    row = await lock(session, property_id)
    now = PropertyState(row.state)
    state = wanted.state or state_when(shown=bool(wanted.is_active), now=now)
    check_version(row, expected, {"state": state}, {"state": now})
    if _move(now, state) is not now:
        action = "property.delete" if state is PropertyState.DELETED else "property.state"
        await write(session, actor, action, row, {"state": state} | _dates(row, state))
    return await find(session, property_id)


def _move(now: PropertyState, wanted: PropertyState) -> PropertyState:
    try:
        return move(now, wanted)
    except IllegalMove as illegal:
        allowed = ", ".join(illegal.allowed)
        raise Conflict(
            f"A property that is {now} cannot become {wanted}, only {allowed}.",
            members={"state": now, "allowed": illegal.allowed},
        ) from None


def _dates(row: Property, state: PropertyState) -> dict[str, Any]:
    """Set `listed_at` at the first offer; clear a past `expires_at`, which would end the listing at once."""
    now = datetime.now(UTC)
    dates: dict[str, Any] = {}
    if state is PropertyState.ACTIVE and row.state == PropertyState.DRAFT:
        dates["listed_at"] = now
    if state is PropertyState.ACTIVE and row.expires_at is not None and row.expires_at <= now:
        dates["expires_at"] = None
    return dates


async def expire_batch(session: AsyncSession) -> int:
    """Expire listings past their term, each with an audit row.

    A locked listing is waited for: if it were skipped, it would be offered for another day.

    Return the number of expired listings; 0 means that there are no more.
    """
    over = (
        select(Property)
        .where(Property.expires_at <= func.now(), Property.state.in_(CAN_EXPIRE))
        .order_by(Property.id)
        .limit(BATCH)
        .with_for_update(key_share=True)
    )
    rows = (await session.scalars(over)).all()
    for row in rows:
        await write(session, EXPIRY, "property.state", row, {"state": PropertyState.EXPIRED})
    return len(rows)
