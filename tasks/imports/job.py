"""Runs an import from its file to its report, as a job that a later run resumes if this one is killed.

The rows of a batch and the job's progress are committed together. Reading is a pure function of the file
and its map. So the next run reads the whole file again, writes only what is missing, and ends with the
same report as an uninterrupted run.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.geography.societies import Spellings
from runtime.crash_points import crash_here
from schemas.errors import DatabaseUnavailable, ImportRunning
from schemas.tables import ImportJob
from schemas.vocabulary import JobState
from services.properties.societies import spellings_by_locality
from tasks.imports.intake import Batch, BatchReader
from tasks.imports.mapping import Mapping
from tasks.imports.reader import RawRow, fingerprint_of_file, open_rows
from tasks.imports.report import Issue, Report, Written
from tasks.imports.rows import Row as FileRow
from tasks.imports.rows import RowReader
from tasks.imports.writer import upserts, write

ISSUES_KEPT = 10_000
"""Most findings stored in the job's row, the row limit of an upload; the report itself has all of them."""

STORED_ISSUES = {"refused": "refused", "noted": "ended"}
"""Findings that only writing to the database yields: key in the job's report -> code of the issue."""

ATTEMPTS = 5
"""Per batch that meets a deadlock or a lock; each attempt waits 2 s for a lock."""
LOCKED = {"40P01", "55P03"}  # deadlock_detected, lock_not_available

JOB_COLUMNS = (
    ImportJob.id, ImportJob.dry_run, ImportJob.rows, ImportJob.created, ImportJob.updated,
    ImportJob.unchanged, ImportJob.report,
)  # fmt: skip
"""The columns that hold a job's progress."""


WriteRows = Callable[[list[FileRow]], Awaitable[Written]]


@dataclass(frozen=True)
class Job:
    """The progress of an import, as stored in the database."""

    id: UUID
    dry_run: bool
    rows: int = 0
    """Rows of the file that have been processed."""
    written: Written = field(default_factory=Written)


async def run_import(
    engine: AsyncEngine,
    source: Path,
    mapping: Mapping,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Import a file, continuing where a killed or failed run of the same file and map stopped.

    Args:
        engine: the database to load into.
        source: the file.
        mapping: what its columns mean.
        dry_run: report everything, but load nothing.
        progress: called with the number of rows done since its last call.

    Raises:
        InvalidRequest: the file cannot be read, or lacks columns of the map.
        ImportRunning: another process is importing the same file.
        DatabaseUnavailable: Postgres does not answer, or rows stay locked; the same command resumes later.
    """
    digest = fingerprint_of_file(source)
    report = Report(source.name, dry_run)
    with open_rows(source, mapping) as rows, errors_as_sentences():
        async with engine.connect() as connection, file_lock(connection, digest):
            job = await resume_or_create(connection, source, digest, mapping, dry_run=dry_run)
            async with recording_failure(connection, job):
                await load(connection, job, report, mapping, rows, progress=progress)
                await update_job(connection, job, **done_columns(report))
    return report


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as problem:
        what = "Somebody else holds rows of it" if is_lock_error(problem) else "Postgres does not answer"
        raise DatabaseUnavailable(f"{what}: run the same command again later.") from problem


@asynccontextmanager
async def recording_failure(connection: AsyncConnection, job: Job) -> AsyncIterator[None]:
    try:
        yield
    except Exception as failure:
        with suppress(DBAPIError):
            await update_job(connection, job, state=JobState.FAILED, error=type(failure).__name__)
        raise


@asynccontextmanager
async def file_lock(connection: AsyncConnection, digest: str) -> AsyncIterator[None]:
    """Lock the file against a second run; Postgres releases the lock if this process is killed."""
    key = func.hashtextextended(digest, 0)
    async with connection.begin():
        if not await connection.scalar(select(func.pg_try_advisory_lock(key))):
            raise ImportRunning("The same file is being imported just now.")
    try:
        yield
    finally:
        with suppress(DBAPIError):
            async with connection.begin():
                await connection.execute(select(func.pg_advisory_unlock(key)))


async def resume_or_create(
    connection: AsyncConnection, source: Path, digest: str, mapping: Mapping, *, dry_run: bool
) -> Job:
    """Return the job that a killed or failed run left, or create one."""
    described = mapping.model_dump(mode="json", exclude_defaults=True)
    async with connection.begin():
        left = None if dry_run else await _unfinished(connection, digest, described)
        if left is not None:
            return left
        new = insert(ImportJob).values(
            filename=source.name,
            file_sha256=digest,
            dry_run=dry_run,
            mapping=described,
            state=JobState.RUNNING,
        )
        job_id = (await connection.scalars(new.returning(ImportJob.id))).one()
        return Job(job_id, dry_run)


async def _unfinished(connection: AsyncConnection, digest: str, described: dict[str, Any]) -> Job | None:
    """Resume the unfinished job with the most progress; there are several only if commands ran at once."""
    left = (
        select(ImportJob.id)
        .where(
            ImportJob.file_sha256 == digest,
            ImportJob.mapping == described,
            ImportJob.state.in_([JobState.RUNNING, JobState.FAILED]),
            ImportJob.total.is_(None),  # uploads belong to the worker
            ~ImportJob.dry_run,
        )
        .order_by(ImportJob.rows.desc(), ImportJob.id)
        .limit(1)
        .scalar_subquery()
    )
    taken = update(ImportJob).where(ImportJob.id == left)
    values = {"state": JobState.RUNNING, "error": None, "updated_at": func.now()}
    row = (await connection.execute(taken.values(values).returning(*JOB_COLUMNS))).one_or_none()
    return None if row is None else job_of(row)


def job_of(row: Row[*tuple[Any, ...]]) -> Job:
    """Build a job from the columns of `JOB_COLUMNS`."""
    told = {name: tuple(Issue(**issue) for issue in row.report.get(name, [])) for name in STORED_ISSUES}
    written = Written(row.created, row.updated, row.unchanged, **told)
    return Job(row.id, dry_run=row.dry_run, rows=row.rows, written=written)


async def load(
    connection: AsyncConnection,
    job: Job,
    report: Report,
    mapping: Mapping,
    rows: Iterator[RawRow],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Load the rows that the job has not done yet, and count all rows in the report."""
    async with connection.begin():
        societies = defaultdict(Spellings, await spellings_by_locality(connection))
    write_rows = partial(write, connection, upserts(mapping), societies=societies, dry_run=job.dry_run)
    report.add_written(job.written)
    for batch in BatchReader(RowReader(mapping)).batches(rows):
        report.add_batch(batch.size, batch.unused, batch.notes)
        if report.rows > job.rows:
            report.add_written(
                await _with_retries(partial(load_batch, connection, job, report, batch, write_rows))
            )
            crash_here("import-after-batch")
        progress(batch.size)


def done_columns(report: Report) -> dict[str, Any]:
    """Return the columns of a job whose rows are all processed."""
    return {
        "state": JobState.DONE,
        "error": None,
        "rows": report.rows,
        "rejected": report.rejected,
        "report": report.as_json(ISSUES_KEPT),
    }


async def load_batch(
    connection: AsyncConnection,
    job: Job,
    report: Report,
    batch: Batch,
    write_rows: WriteRows,
) -> Written:
    """Commit a batch together with the job's progress, so that they always agree."""
    async with connection.begin():
        written = await write_rows(batch.rows) if batch.rows else Written()
        progress: dict[str, Any] = {
            "rows": report.rows,
            "created": report.created + written.created,
            "updated": report.updated + written.updated,
            "unchanged": report.unchanged + written.unchanged,
            "rejected": report.rejected + len(written.refused),
        }
        if written.refused or written.noted:  # findings that cannot be derived from the file again
            told = (*report.issues, *written.refused, *written.noted)
            progress["report"] = {
                name: [asdict(issue) for issue in told if issue.code == code]
                for name, code in STORED_ISSUES.items()
            }
        crash_here("import-mid-batch")
        await connection.execute(update(ImportJob).where(ImportJob.id == job.id).values(progress))
    return written


async def _with_retries(load: Callable[[], Awaitable[Written]], attempts: int = ATTEMPTS) -> Written:
    """Load a batch, retrying after a lock timeout or a deadlock: nothing was committed then."""
    try:
        return await load()
    except OperationalError as problem:
        if attempts == 1 or not is_lock_error(problem):
            raise
    await asyncio.sleep(0.1)
    return await _with_retries(load, attempts - 1)


def is_lock_error(problem: Exception) -> bool:
    """Return whether the only problem was a deadlock or another transaction's lock."""
    return getattr(getattr(problem, "orig", None), "sqlstate", None) in LOCKED


async def update_job(connection: AsyncConnection, job: Job, **values: Any) -> None:
    async with connection.begin():
        await connection.execute(
            update(ImportJob).where(ImportJob.id == job.id).values(values | {"updated_at": func.now()})
        )
