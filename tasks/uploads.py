"""Uploaded files, imported by whichever worker takes them: the job's row is the record, the queue a nudge."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.errors import ImportRunning, InvalidRequest
from schemas.tables import ImportJob, User
from schemas.vocabulary import JobState
from services.audit import Actor, record
from tasks.imports.job import run_import
from tasks.imports.mapping import Mapping
from tasks.imports.report import Report
from tasks.market import compare_prices
from tasks.scores import score_waiting

log = structlog.get_logger(component="worker")


@dataclass(frozen=True)
class Upload:
    id: UUID
    filename: str
    content: bytes
    mapping: Mapping
    dry_run: bool
    asked_by: str
    asked_by_id: UUID | None


async def import_waiting(engine: AsyncEngine) -> int:
    """Run every upload that waits, and those whose worker was killed; how many were brought to an end."""
    return sum([await import_upload(engine, job_id) for job_id in await waiting(engine)])


async def import_left_behind(engine: AsyncEngine, *, patience_s: float) -> None:
    """Take over from a worker that was killed a moment ago: Postgres lets go of its lock when it notices."""
    deadline = time.monotonic() + patience_s
    await import_waiting(engine)
    while await waiting(engine) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        await import_waiting(engine)


async def waiting(engine: AsyncEngine) -> Sequence[UUID]:
    unfinished = ImportJob.state.in_([JobState.QUEUED, JobState.RUNNING])
    query = select(ImportJob.id).where(unfinished, ImportJob.content.is_not(None)).order_by(ImportJob.id)
    async with engine.connect() as connection:
        return (await connection.scalars(query)).all()


async def import_upload(engine: AsyncEngine, job_id: UUID) -> bool:
    """Run one upload from where it stands; False when another worker has it, or nothing is left to do."""
    upload = await read_upload(engine, job_id)
    if upload is None:
        return False
    try:
        report = await _imported(engine, upload)
    except ImportRunning:
        return False
    except InvalidRequest as error:
        await _settle(engine, upload, None, error.detail)
        return True
    if not upload.dry_run:
        await score_waiting(engine)
        await compare_prices(engine)
    await _settle(engine, upload, report, None)
    log.info("import_done", job_id=str(job_id), rows=report.rows, created=report.created)
    return True


async def read_upload(engine: AsyncEngine, job_id: UUID) -> Upload | None:
    """An upload that is not done with."""
    query = (
        select(
            ImportJob.id, ImportJob.filename, ImportJob.content, ImportJob.mapping, ImportJob.dry_run,
            User.email, User.id.label("user_id"),
        )
        .outerjoin(User, User.id == ImportJob.created_by)
        .where(ImportJob.id == job_id, ImportJob.content.is_not(None))
    )  # fmt: skip
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    mapping = Mapping.model_validate(row.mapping)
    return Upload(
        row.id, row.filename, row.content, mapping, row.dry_run, row.email or "an upload", row.user_id
    )


async def _imported(engine: AsyncEngine, upload: Upload) -> Report:
    with TemporaryDirectory(prefix="casabricks-import-") as directory:
        source = Path(directory) / "upload"
        source.write_bytes(upload.content)
        return await run_import(engine, source, upload.mapping, dry_run=upload.dry_run, job_id=upload.id)


async def _settle(engine: AsyncEngine, upload: Upload, report: Report | None, error: str | None) -> None:
    """Let go of the file, and leave the audit row of what became of it, in one transaction."""
    values = {"content": None} | ({} if error is None else {"state": JobState.FAILED, "error": error})
    async with AsyncSession(engine) as session, session.begin():
        settled = update(ImportJob).where(ImportJob.id == upload.id, ImportJob.content.is_not(None))
        done = await session.scalar(settled.values(values).returning(ImportJob.id))
        if done is not None and report is not None and not upload.dry_run:
            counts = {name: getattr(report, name) for name in ("created", "updated", "unchanged", "rejected")}
            await record(
                session,
                Actor(upload.asked_by_id, upload.asked_by),
                "import",
                entity_type="import",
                entity_id=upload.id,
                changes={name: (None, count) for name, count in counts.items()},
            )
