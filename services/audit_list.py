"""The audit log, newest first."""

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.audit import AuditEntry, AuditRequest
from schemas.api.lists import Items
from schemas.tables import AuditRow


async def list_audit(session: AsyncSession, wanted: AuditRequest) -> Items[AuditEntry]:
    conditions = list(_conditions(wanted))
    total = await session.scalar(select(func.count()).select_from(AuditRow).where(*conditions))
    page = select(AuditRow).where(*conditions).order_by(AuditRow.id.desc()).limit(wanted.page_size)
    rows = await session.scalars(page.offset((wanted.page - 1) * wanted.page_size))
    return Items(
        items=[_entry(row) for row in rows],
        total=total or 0,
        page=wanted.page,
        page_size=wanted.page_size,
        next_cursor=None,
    )


def _conditions(wanted: AuditRequest) -> list[ColumnElement[bool]]:
    exact: dict[Any, str | None] = {
        AuditRow.entity_type: wanted.entity_type,
        AuditRow.entity_id: wanted.entity_id,
        AuditRow.actor: wanted.actor,
        AuditRow.action: wanted.action,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if wanted.since is not None:
        conditions.append(AuditRow.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditRow.created_at < wanted.until)
    return conditions


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        actor_id=row.actor_id,
        actor=row.actor,
        action=row.action,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        request_id=row.request_id,
        changes=row.changes,
        created_at=row.created_at,
    )
