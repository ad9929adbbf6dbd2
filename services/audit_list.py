"""The audit log, newest first."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.audit import AuditEntry, AuditRequest
from schemas.api.lists import Items
from schemas.tables import AuditRow
from services.paging import page_of


async def list_audit(session: AsyncSession, wanted: AuditRequest) -> Items[AuditEntry]:
    entries = select(*AuditRow.__table__.c).where(*_conditions(wanted)).order_by(AuditRow.id.desc())
    return await page_of(session, entries, wanted, _entry)


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


def _entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
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
