"""Record visitors' searches in bulk."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.price_bands import ladder_step
from schemas.api.search.canonical import Wishes

EVENT_TYPE = "search"
# One parameter for all rows: a statement per row costs the server as much as an answer from the cache.
RECORD = text("""
    INSERT INTO analytics_events (event_type, event_data, session_id, created_at)
    SELECT event_type, event_data, session_id, created_at
    FROM jsonb_populate_recordset(NULL::analytics_events, CAST(:events AS jsonb))
""")


@dataclass(frozen=True)
class SearchEvent:
    kind: str
    search: dict[str, Any]
    """The request in canonical form."""
    asked: dict[str, Any]
    """What the search asks for, by dimension; see `asked_for`."""
    total: int | None
    took_ms: float
    session_id: str | None
    at: datetime


async def record_searches(session: AsyncSession, events: Sequence[SearchEvent], key: bytes) -> None:
    """Add events in the caller's transaction; for `key` see `without_words`."""
    rows = [_row(event, key) for event in events]
    await session.execute(RECORD, {"events": orjson.dumps(rows).decode()})


def _row(event: SearchEvent, key: bytes) -> dict[str, Any]:
    return {
        "event_type": EVENT_TYPE,
        "event_data": {
            "kind": event.kind,
            "search": without_words(event.search, key),
            "asked": event.asked,
            "total": event.total,
            "took_ms": event.took_ms,
        },
        "session_id": event.session_id,
        "created_at": event.at,
    }


def asked_for(search: Wishes) -> dict[str, Any]:
    """Return what is useful about an unmet wish: no words, no map coordinates, no exact budget."""
    budget = None if search.price is None else search.price.max
    asked = {
        "listing_type": search.listing_type,
        "locality": search.locality,
        "property_type": search.property_type,
        "bhk": search.bhk,
        "budget": None if budget is None else ladder_step(search.listing_type, budget),
        "vastu": search.vastu_score is not None or bool(search.vastu_rooms),
    }
    return {dimension: value for dimension, value in asked.items() if value not in (None, ())}


def without_words(search: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Replace typed words, which may identify a visitor, by a digest that still counts equal texts.

    The digest is keyed, so that a phone number cannot be recovered by trying all numbers.
    """
    if not search.get("q"):
        return search
    digest = hmac.digest(key, search["q"].casefold().encode(), "sha256")[:8].hex()
    return {name: value for name, value in search.items() if name != "q"} | {"q_digest": digest}
