"""Imports uploaded files in a worker. The job's row is the record; the queue only nudges.

An upload is unfinished as long as its row still holds the file, even if its worker was killed. One
transaction removes the file and stores the outcome, and only the holder of the file's lock runs it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from runtime.crash_points import crash_here
from schemas.errors import ImportRunning, InvalidRequest
from schemas.tables import ImportJob, User
from schemas.vocabulary import JobState
from services.audit import Actor, record
from tasks.imports.job import JOB_COLUMNS, Job, done_columns, file_lock, is_lock_error, job_of, load
from tasks.imports.mapping import validate_mapping
from tasks.imports.reader import open_rows
from tasks.imports.report import Report
from tasks.market import compare_prices
from tasks.scores import score_waiting

IS_UNFINISHED = ImportJob.content.is_not(None)
log = structlog.get_logger(component="worker")


@dataclass(frozen=True)
class Upload:
    job: Job
    filename: str
    content: bytes = field(repr=False)
    described: dict[str, Any]
    """Its map, as stored by the release that accepted the upload."""
    asked_by: Actor


async def import_waiting(engine: AsyncEngine) -> int:
    """Run every waiting upload and those of killed workers; return how many were finished."""
    return sum([await import_upload(engine, job_id) for job_id in await unfinished_uploads(engine)])


async def take_over_imports(engine: AsyncEngine, *, patience_s: float) -> None:
    """Take over from a killed worker; retries until Postgres notices the loss and releases its lock."""
    deadline = time.monotonic() + patience_s
    await import_waiting(engine)
    while (left := await unfinished_uploads(engine, JobState.RUNNING)) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        for job_id in left:
            await import_upload(engine, job_id)


async def unfinished_uploads(engine: AsyncEngine, *states: JobState) -> Sequence[UUID]:
    """Return the unfinished uploads, oldest first; only those in `states`, if given."""
    query = select(ImportJob.id).where(IS_UNFINISHED).order_by(ImportJob.id)
    if states:
        query = query.where(ImportJob.state.in_(states))
    async with engine.connect() as connection:
        return (await connection.scalars(query)).all()


async def import_upload(engine: AsyncEngine, job_id: UUID) -> bool:
    """Continue one upload; False when another worker has it, it is done, or it is put off.

    Errors are logged and stored with the upload, never raised, so that other uploads go on.
    """
    try:
        async with upload_lock(engine, job_id) as connection:
            upload = await start_upload(connection, job_id)
            if upload is None:
                return False
            report = await run(connection, upload)
    except ImportRunning:
        return False
    except Exception as error:
        log.exception("import_put_off", job_id=str(job_id), error=type(error).__name__)
        await requeue(engine, job_id, error)
        return False
    if report is not None and not report.dry_run:
        await follow_up(engine)
    return True


@asynccontextmanager
async def upload_lock(engine: AsyncEngine, job_id: UUID) -> AsyncIterator[AsyncConnection]:
    """Lock the upload's file against other imports. Raises ImportRunning before the file is read."""
    async with engine.connect() as connection:
        async with connection.begin():
            digest = await connection.scalar(select(ImportJob.file_sha256).where(ImportJob.id == job_id))
        async with file_lock(connection, digest or ""):
            yield connection


async def start_upload(connection: AsyncConnection, job_id: UUID) -> Upload | None:
    """Mark the upload as running and return it; None when it is already finished."""
    asked_by = select(User.email).where(User.id == ImportJob.created_by).scalar_subquery().label("asked_by")
    taken = (
        update(ImportJob)
        .where(ImportJob.id == job_id, IS_UNFINISHED)
        .values(state=JobState.RUNNING, error=None, updated_at=func.now())
        .returning(
            *JOB_COLUMNS,
            ImportJob.filename, ImportJob.content, ImportJob.mapping, ImportJob.created_by, asked_by,
        )
    )  # fmt: skip
    async with connection.begin():
        row = (await connection.execute(taken)).one_or_none()
    if row is None:
        return None
    actor = Actor(row.created_by, row.asked_by or "an upload")
    return Upload(job_of(row), row.filename, row.content, row.mapping, actor)


async def run(connection: AsyncConnection, upload: Upload) -> Report | None:
    """Import the upload and settle it; return the report, or None when the file or its map is invalid."""
    try:
        report = await load_upload(connection, upload)
    except InvalidRequest as error:
        await store_outcome(connection, upload, {"state": JobState.FAILED, "error": error.detail})
        log.info("import_failed", job_id=str(upload.job.id), error=error.detail)
        return None
    crash_here("import-before-settling")
    await store_outcome(connection, upload, done_columns(report), report)
    crash_here("import-after-settling")
    log.info("import_done", job_id=str(upload.job.id), rows=report.rows, created=report.created)
    return report


async def load_upload(connection: AsyncConnection, upload: Upload) -> Report:
    mapping = validate_mapping(upload.described, "of the upload")
    report = Report(upload.filename, upload.job.dry_run)
    with TemporaryDirectory(prefix="casabricks-import-") as directory:
        source = Path(directory) / "upload"
        source.write_bytes(upload.content)
        try:
            with open_rows(source, mapping) as rows:
                await load(connection, upload.job, report, mapping, rows)
        except InvalidRequest as error:
            raise InvalidRequest(error.detail.replace(str(source), "The file")) from error
    return report


async def store_outcome(
    connection: AsyncConnection, upload: Upload, values: dict[str, Any], report: Report | None = None
) -> None:
    """Store the outcome, remove the file and write the audit row in one transaction."""
    settled = (
        update(ImportJob)
        .where(ImportJob.id == upload.job.id, IS_UNFINISHED)
        .values(values | {"content": None, "updated_at": func.now()})
        .returning(ImportJob.id)
    )
    async with AsyncSession(connection) as session, session.begin():
        by_us = await session.scalar(settled) is not None
        if by_us and report is not None and not report.dry_run:
            counts = {name: getattr(report, name) for name in ("created", "updated", "unchanged", "rejected")}
            await record(
                session,
                upload.asked_by,
                "import",
                entity_type="import",
                entity_id=upload.job.id,
                changes={name: (None, count) for name, count in counts.items()},
            )


async def requeue(engine: AsyncEngine, job_id: UUID, error: Exception) -> None:
    """Queue the upload again with the reason; if the database is down, nothing is written."""
    what = (
        "Somebody else holds rows of it" if is_lock_error(error) else f"{type(error).__name__} came between"
    )
    values = {"state": JobState.QUEUED, "error": f"{what}; it is tried again.", "updated_at": func.now()}
    with suppress(ImportRunning, SQLAlchemyError, OSError):
        async with upload_lock(engine, job_id) as connection, connection.begin():
            await connection.execute(
                update(ImportJob).where(ImportJob.id == job_id, IS_UNFINISHED).values(values)
            )


async def follow_up(engine: AsyncEngine) -> None:
    """Compute scores and labels now; if that fails, the scheduled jobs do it later."""
    try:
        await score_waiting(engine)
        await compare_prices(engine)
    except Exception as error:
        log.exception("labels_come_later", error=type(error).__name__)
