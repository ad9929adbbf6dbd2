"""What visitors searched for, written down in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.tables import AnalyticsEvent

EVENT_TYPE = "search"


@dataclass(frozen=True)
class SearchEvent:
    kind: str
    search: dict[str, Any]
    """The request in canonical form."""
    total: int | None
    took_ms: float
    session_id: str | None
    at: datetime


async def record_searches(session: AsyncSession, events: Sequence[SearchEvent]) -> None:
    """Add events in the caller's transaction."""
    await session.execute(insert(AnalyticsEvent), [_row(event) for event in events])


def _row(event: SearchEvent) -> dict[str, Any]:
    return {
        "event_type": EVENT_TYPE,
        "event_data": {
            "kind": event.kind,
            "search": without_words(event.search),
            "total": event.total,
            "took_ms": event.took_ms,
        },
        "session_id": event.session_id,
        "created_at": event.at,
    }


def without_words(search: dict[str, Any]) -> dict[str, Any]:
    """What somebody typed may say who they are: only a digest of it is kept, to count the same words."""
    if not search.get("q"):
        return search
    digest = blake2b(search["q"].casefold().encode(), digest_size=8).hexdigest()
    return {name: value for name, value in search.items() if name != "q"} | {"q_digest": digest}
