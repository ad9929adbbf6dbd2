"""Views of property pages: counted on their properties, and recorded one by one for analytics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.tables import ViewBatch

EVENT_TYPE = "view"

# Lock in the same order as every other writer of many properties, to prevent deadlocks.
LOCK = text("SELECT FROM properties WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE")
COUNT = text("""
    UPDATE properties SET view_count = view_count + views.n
    FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS integer[])) AS views (property_id, n)
    WHERE id = views.property_id
""")
REMEMBER = text("""
    INSERT INTO analytics_events (event_type, property_id, session_id, created_at)
    SELECT :event_type, views.property_id, views.session_id, views.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:sessions AS text[]), CAST(:moments AS timestamptz[]))
        AS views (property_id, session_id, at)
    WHERE EXISTS (SELECT FROM properties WHERE id = views.property_id)
""")


@dataclass(frozen=True)
class ViewEvent:
    property_id: UUID
    session_id: str | None
    at: datetime


async def count_batch(session: AsyncSession, token: str, views: Mapping[str, int]) -> bool:
    """Add views to their properties, once for each token; return False if that was done before.

    Revision and version stay, because the count is not part of the index document and not an edit.
    """
    taking = insert(ViewBatch).values(token=token, views=sum(views.values())).on_conflict_do_nothing()
    taken = await session.scalar(taking.returning(ViewBatch.token))
    if taken is None:
        return False
    values: dict[str, Any] = {"ids": list(views), "counts": list(views.values())}
    await session.execute(LOCK, {"ids": [UUID(key) for key in views]})
    await session.execute(COUNT, values)
    return True


async def record_views(session: AsyncSession, events: Sequence[ViewEvent]) -> None:
    """Add events in the caller's transaction; views of properties that no longer exist are ignored."""
    values = {
        "event_type": EVENT_TYPE,
        "ids": [event.property_id for event in events],
        "sessions": [event.session_id for event in events],
        "moments": [event.at for event in events],
    }
    await session.execute(REMEMBER, values)
