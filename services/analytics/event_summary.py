"""Statistics of views and searches: rolled-up days from their counts, later days from the events."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.analytics import DayCount, PropertyViews, SearchSummary, ViewSummary
from services.analytics.event_days import LITTLE, begin_of

MOST_VIEWED = 10

# The newest rolled-up day may lack some events, so it is counted from the events.
COUNTED = """
    WITH newest AS (SELECT coalesce(max(day), '-infinity') AS day FROM analytics_days),
    counted AS (
        SELECT d.day, d.property_id, d.kind, d.n, d.few, d.none
        FROM analytics_days d, newest
        WHERE d.event_type = :event_type AND d.day BETWEEN :since AND :until AND d.day < newest.day
        UNION ALL
        SELECT (e.created_at AT TIME ZONE 'UTC')::date, e.property_id, e.event_data ->> 'kind', count(*),
               count(*) FILTER (WHERE (e.event_data ->> 'total')::bigint < :little),
               count(*) FILTER (WHERE (e.event_data ->> 'total')::bigint = 0)
        FROM analytics_events e, newest
        WHERE e.event_type = :event_type AND e.created_at < :end
          AND e.created_at >= greatest(:begin, newest.day::timestamp AT TIME ZONE 'UTC')
        GROUP BY 1, 2, 3
    )
"""
BY_DAY = text(f"{COUNTED} SELECT day, sum(n)::bigint AS n FROM counted GROUP BY day")  # noqa: S608  constants
BY_KIND = text(f"""
    {COUNTED}
    SELECT kind, sum(n)::bigint AS n,
           (sum(few) FILTER (WHERE kind <> 'map'))::bigint AS few,
           (sum(none) FILTER (WHERE kind <> 'map'))::bigint AS none
    FROM counted GROUP BY kind ORDER BY kind
""")  # noqa: S608
BY_PROPERTY = text(f"""
    {COUNTED}
    SELECT p.id, p.title, sum(n)::bigint AS n FROM counted JOIN properties p ON p.id = counted.property_id
    GROUP BY p.id ORDER BY 3 DESC, p.id LIMIT :most
""")  # noqa: S608


async def summarise_views(session: AsyncSession, since: date, until: date) -> ViewSummary:
    """Summarize the days from `since` to `until`, both included, in UTC."""
    values = _values("view", since, until)
    days = _days(await session.execute(BY_DAY, values), since, until)
    most = await session.execute(BY_PROPERTY, values | {"most": MOST_VIEWED})
    return ViewSummary(
        total=sum(day["count"] for day in days),
        by_day=days,
        most_viewed=[PropertyViews(property_id=row.id, title=row.title, views=row.n) for row in most],
    )


async def summarise_searches(session: AsyncSession, since: date, until: date) -> SearchSummary:
    values = _values("search", since, until)
    days = _days(await session.execute(BY_DAY, values), since, until)
    kinds = (await session.execute(BY_KIND, values)).all()
    return SearchSummary(
        total=sum(day["count"] for day in days),
        by_kind={row.kind: row.n for row in kinds},
        by_day=days,
        few=sum(row.few or 0 for row in kinds),
        none=sum(row.none or 0 for row in kinds),
    )


def _values(event_type: str, since: date, until: date) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "since": since,
        "until": until,
        "begin": begin_of(since),
        "end": begin_of(until + timedelta(days=1)),
        "little": LITTLE,
    }


def _days(rows: Iterable[Row[Any]], since: date, until: date) -> list[DayCount]:
    """Return every day of the period, including days without events."""
    counts = {row.day: row.n for row in rows}
    days = (since + timedelta(days=n) for n in range((until - since).days + 1))
    return [DayCount(day=day, count=counts.get(day, 0)) for day in days]
