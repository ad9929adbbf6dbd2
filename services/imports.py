"""Import jobs: request and track them."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.imports import ImportReport, ImportView
from schemas.api.lists import Items, Paging
from schemas.errors import NotFound
from schemas.tables import ImportJob
from schemas.vocabulary import JobState
from services.audit import Actor, record
from services.paging import page_of

SHOWN = (
    ImportJob.id, ImportJob.filename, ImportJob.dry_run, ImportJob.state, ImportJob.rows, ImportJob.total,
    ImportJob.created, ImportJob.updated, ImportJob.unchanged, ImportJob.rejected, ImportJob.error,
    ImportJob.created_at, ImportJob.updated_at,
)  # fmt: skip
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


async def request_import(
    session: AsyncSession,
    actor: Actor,
    *,
    filename: str,
    content: bytes,
    total: int,
    mapping: dict[str, Any],
    dry_run: bool,
) -> tuple[ImportView, bool]:
    """Return the job for a file, and whether it is new; an unfinished identical job is reused."""
    digest = sha256(content).hexdigest()
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"upload {digest}", 0))))
    same = (
        ImportJob.file_sha256 == digest,
        ImportJob.mapping == mapping,
        ImportJob.dry_run == dry_run,
        ImportJob.state.in_(UNFINISHED),
    )
    known = (await session.execute(select(*SHOWN).where(*same).limit(1))).one_or_none()
    if known is not None:
        return _view(known), False
    job = {"filename": filename, "file_sha256": digest, "dry_run": dry_run, "mapping": mapping}
    added = insert(ImportJob).values(**job, content=content, total=total, created_by=actor.id)
    row = (await session.execute(added.returning(*SHOWN))).one()
    changes = {"filename": (None, filename), "rows": (None, total), "dry_run": (None, dry_run)}
    await record(session, actor, "request", entity_type="import", entity_id=row.id, changes=changes)
    return _view(row), True


async def read_import(session: AsyncSession, job_id: UUID) -> ImportReport:
    """Return the job, with its report once it is done; raises NotFound."""
    query = select(*SHOWN, ImportJob.report).where(ImportJob.id == job_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such import.")
    finished = row.state == JobState.DONE
    return ImportReport(**_view(row), report=row.report if finished else {})


async def list_imports(session: AsyncSession, paging: Paging) -> Items[ImportView]:
    """List imports, newest first."""
    return await page_of(session, select(*SHOWN).order_by(ImportJob.id.desc()), paging, _view)


def _view(row: Row[*tuple[Any, ...]]) -> ImportView:
    return ImportView(
        id=row.id,
        filename=row.filename,
        dry_run=row.dry_run,
        state=row.state,
        rows=row.rows,
        total=row.total,
        created=row.created,
        updated=row.updated,
        unchanged=row.unchanged,
        rejected=row.rejected,
        error=row.error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
