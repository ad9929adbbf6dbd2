"""Events rolled up by day. The counts outlive purged events and serve reports over long periods."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LITTLE = 3
"""A search with fewer listings than this has few results: that is hardly a choice."""

FORGET = text("DELETE FROM analytics_days WHERE day >= :since AND day < :until")
# Each further page counts as the same search once more.
ROLL_UP = text("""
    INSERT INTO analytics_days (day, event_type, property_id, kind, n, few, none)
    SELECT (created_at AT TIME ZONE 'UTC')::date, event_type,
           CASE WHEN event_type <> 'search' THEN property_id END, event_data ->> 'kind', count(*),
           count(*) FILTER (WHERE (event_data ->> 'total')::bigint < :little),
           count(*) FILTER (WHERE (event_data ->> 'total')::bigint = 0)
    FROM analytics_events WHERE created_at >= :begin AND created_at < :end
    GROUP BY 1, 2, 3, 4
""")


def begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def roll_up(session: AsyncSession, since: date, until: date) -> int:
    """Recount the events of the days from `since` to `until`, both included; return the number of rows."""
    after = until + timedelta(days=1)
    await session.execute(FORGET, {"since": since, "until": after})
    values = {"begin": begin_of(since), "end": begin_of(after), "little": LITTLE}
    return (await session.execute(ROLL_UP, values)).rowcount  # type: ignore[attr-defined,no-any-return]
