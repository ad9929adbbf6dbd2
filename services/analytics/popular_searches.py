"""The most popular searches, from the recorded events."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LATELY = timedelta(days=7)
# Without searches with words, which are not stored, and further pages, whose answers differ.
POPULAR = text("""
    SELECT event_data ->> 'kind' AS kind, event_data -> 'search' AS search
    FROM analytics_events
    WHERE event_type = 'search' AND created_at > now() - :lately
      AND event_data ->> 'kind' IN ('guided', 'listings')
      AND NOT event_data -> 'search' ?| ARRAY['q_digest', 'page', 'cursor']
    GROUP BY 1, 2
    ORDER BY count(DISTINCT session_id) DESC, count(*) DESC, 1, 2
    LIMIT :limit
""")


@dataclass(frozen=True)
class Popular:
    kind: str
    search: dict[str, Any]
    """The request body."""


async def popular_searches(session: AsyncSession, limit: int) -> list[Popular]:
    """Return the searches of the most sessions first."""
    rows = await session.execute(POPULAR, {"lately": LATELY, "limit": limit})
    return [Popular(row.kind, row.search) for row in rows]
