"""What many visitors ask for, as the recorded searches say."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LATELY = timedelta(days=7)
# Words were not kept, and a place in a list is another's answer than its beginning.
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
    """The body of the request."""


async def popular_searches(session: AsyncSession, limit: int) -> list[Popular]:
    """Those of most visits first."""
    rows = await session.execute(POPULAR, {"lately": LATELY, "limit": limit})
    return [Popular(row.kind, row.search) for row in rows]
