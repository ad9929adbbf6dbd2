"""The history of a property: its price changes and audit rows, newest first."""

from typing import Any
from typing import cast as as_type

from sqlalchemy import Row, Text, cast, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.properties import HistoryEntry
from schemas.api.lists import Items, Paging
from schemas.tables import AuditRow, PriceChange
from services.paging import page_of
from services.properties.rows import find
from services.properties.writes import ENTITY


async def history(session: AsyncSession, property_id: str, paging: Paging) -> Items[HistoryEntry]:
    """Return a page of the history; raises NotFound if there is no such property."""
    found = await find(session, property_id)
    prices = select(
        literal("price").label("kind"),
        PriceChange.changed_at.label("at"),
        cast(null(), Text).label("actor"),
        cast(null(), Text).label("action"),
        cast(null(), Text).label("request_id"),
        func.jsonb_build_object(
            "price", func.jsonb_build_array(PriceChange.old_price, PriceChange.new_price)
        ).label("changes"),
        PriceChange.id,
    ).where(PriceChange.property_id == found.id)
    audit = select(
        literal("audit"),
        AuditRow.created_at,
        AuditRow.actor,
        AuditRow.action,
        AuditRow.request_id,
        cast(AuditRow.changes, JSONB),
        AuditRow.id,
    ).where(AuditRow.entity_type == ENTITY, AuditRow.entity_id == str(found.id))
    entries = union_all(prices, audit).subquery()
    shown = [entries.c[name] for name in HistoryEntry.__annotations__]
    ordered = select(*shown).order_by(entries.c.at.desc(), entries.c.kind, entries.c.id.desc())
    return await page_of(session, ordered, paging, _entry)


def _entry(row: Row[*tuple[Any, ...]]) -> HistoryEntry:
    return as_type("HistoryEntry", dict(zip(HistoryEntry.__annotations__, row, strict=True)))
