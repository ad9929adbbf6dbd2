"""The history of a property: its price changes and audit rows, newest first."""

from typing import cast as as_type

from sqlalchemy import Text, cast, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.properties import HistoryEntry, Paging
from schemas.api.lists import Items
from schemas.tables import AuditRow, PriceChange
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
    page = (
        select(*shown)
        .order_by(entries.c.at.desc(), entries.c.kind, entries.c.id.desc())
        .offset(paging.offset)
        .limit(paging.page_size)
    )
    rows = (await session.execute(page)).mappings()
    return Items(
        items=[as_type("HistoryEntry", dict(row)) for row in rows],
        total=await session.scalar(select(func.count()).select_from(entries)) or 0,
        page=paging.page,
        page_size=paging.page_size,
        next_cursor=None,
    )
