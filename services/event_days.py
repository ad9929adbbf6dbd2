"""Events rolled up by day: what is left of them when they are purged, and what long periods are read from."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LITTLE = 3
"""A search that finds fewer listings has found little: that is hardly a choice."""

FORGET = text("DELETE FROM analytics_days WHERE day >= :since AND day < :until")
# Pages further on are the same search once more.
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
    """Count the events of days from `since` to `until`, both included, anew; how many rows they make."""
    after = until + timedelta(days=1)
    await session.execute(FORGET, {"since": since, "until": after})
    values = {"begin": begin_of(since), "end": begin_of(after), "little": LITTLE}
    return (await session.execute(ROLL_UP, values)).rowcount  # type: ignore[attr-defined,no-any-return]
