"""Long-running work: imports with their reports, and one row for each periodic run."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, Json, Timestamps, UuidKey, at_least, one_of
from schemas.vocabulary import JobState


class ImportJob(Timestamps, Base):
    __tablename__ = "import_jobs"
    __table_args__ = (
        one_of("state", JobState),
        *(at_least(count, 0) for count in ("rows", "created", "updated", "unchanged", "rejected")),
        Index("ix_import_jobs_state", "state"),
    )

    id: Mapped[UuidKey]
    filename: Mapped[str]
    file_sha256: Mapped[str]
    dry_run: Mapped[bool]
    mapping: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """The uploaded file, until the import is done. Null for a command, which reads its own file."""
    total: Mapped[int | None]
    """Number of rows in an uploaded file."""
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    rows: Mapped[int] = mapped_column(server_default=text("0"))
    """Rows processed so far; a killed run resumes here."""
    created: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    report: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    error: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class JobRun(Base):
    """One run of a periodic job for one period; its key prevents two schedulers from running it twice."""

    __tablename__ = "job_runs"
    __table_args__ = (one_of("state", JobState), at_least("attempts", 1))

    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """Last heartbeat of the worker."""
    attempts: Mapped[int] = mapped_column(server_default=text("1"))
    finished_at: Mapped[datetime | None]
    result: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    error: Mapped[str | None]
