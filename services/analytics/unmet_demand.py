"""Searches with few results, reported only for wishes that several sessions share."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.analytics import Dimension, UnmetDemandRequest, UnmetGroup
from schemas.vocabulary import ListingType
from services.analytics.event_days import LITTLE, begin_of

FEWEST_SESSIONS = 5
"""A wish of fewer sessions might reveal who made it."""

SEVERAL = (Dimension.LOCALITY, Dimension.PROPERTY_TYPE, Dimension.BHK)
"""Dimensions that may have several values in a search; the search counts for each of them."""


def _demand_query(by: tuple[Dimension, ...]) -> TextClause:
    """Build the query; searches without a value in a dimension are grouped under null."""
    joins = " ".join(
        f"LEFT JOIN LATERAL jsonb_array_elements(asked -> '{each}') AS {each} (value) ON true"
        for each in by
        if each in SEVERAL
    )
    names = [f"{each}.value" if each in SEVERAL else f"asked -> '{each}'" for each in by]
    columns = ", ".join(f"{name} AS {each}" for name, each in zip(names, by, strict=True))
    places = ", ".join(str(place) for place in range(1, len(by) + 2))
    return text(f"""
        WITH little AS (
            SELECT session_id, event_data -> 'asked' AS asked, (event_data ->> 'total')::bigint AS total
            FROM analytics_events
            WHERE event_type = 'search' AND created_at >= :begin AND created_at < :end
              AND event_data ->> 'kind' IN ('guided', 'listings')
              AND NOT event_data -> 'search' ?| ARRAY['page', 'cursor']
              AND (event_data ->> 'total')::bigint < :little
              AND (event_data -> 'asked' ->> 'listing_type') = ANY (:listing_types)
        )
        SELECT asked ->> 'listing_type' AS listing_type, {columns},
               count(DISTINCT session_id) AS sessions, count(*) AS searches,
               count(*) FILTER (WHERE total = 0) AS none
        FROM little {joins}
        GROUP BY {places} HAVING count(DISTINCT session_id) >= :fewest
        ORDER BY sessions DESC, searches DESC, {places} LIMIT :limit
    """)  # noqa: S608  built from a fixed vocabulary


async def unmet_demand(
    session: AsyncSession, wanted: UnmetDemandRequest, since: date, until: date
) -> list[UnmetGroup]:
    """Return the wishes of the most sessions first; purged days are not included."""
    values: dict[str, Any] = {
        "begin": begin_of(since),
        "end": begin_of(until + timedelta(days=1)),
        "little": LITTLE,
        "listing_types": list(ListingType) if wanted.listing_type is None else [wanted.listing_type],
        "fewest": FEWEST_SESSIONS,
        "limit": wanted.limit,
    }
    rows = (await session.execute(_demand_query(wanted.by), values)).mappings()
    return [
        UnmetGroup(
            listing_type=ListingType(row["listing_type"]),
            wanted={str(each): row[each] for each in wanted.by},
            sessions=row["sessions"],
            searches=row["searches"],
            none=row["none"],
        )
        for row in rows
    ]
