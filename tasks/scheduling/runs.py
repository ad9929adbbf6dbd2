"""Runs of jobs, one per period: claimed in Postgres, kept by a heartbeat, taken over when it stops.

Correctness does not depend on queue messages: a run that failed or lost its worker becomes due again.
All times come from the database, so the clocks of workers do not matter.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.background import meanwhile
from schemas.settings import Settings
from tasks.scheduling.schedule import Schedule

MOST_ATTEMPTS = 12
"""Per period. The pause between two is at most an hour, so retries go on for about a night."""
LONGEST_ERROR = 500
log = structlog.get_logger(component="worker")


@dataclass(frozen=True)
class JobContext:
    """The input of a run."""

    engine: AsyncEngine
    settings: Settings
    period: datetime
    last: datetime | None
    """The newest period done before; this run catches up on everything after it."""


@dataclass(frozen=True)
class Job:
    name: str
    schedule: Schedule
    run: Callable[[JobContext], Awaitable[Mapping[str, Any]]]
    """Its return value is stored with the run."""
    exclusive: bool = True
    """Whether a period waits while the run of an earlier period is alive."""


@dataclass(frozen=True)
class Claim:
    job: Job
    period: datetime
    attempt: int
    last: datetime | None

    @property
    def key(self) -> dict[str, Any]:
        return {"job": self.job.name, "period": self.period, "attempt": self.attempt}


# After a failure the pauses are one minute, two, four and so on, up to an hour.
CAN_BE_CLAIMED = """
    r.attempts < :most AND (
        r.state = 'failed'
            AND r.finished_at <= now() - least(interval '1 minute' * 2 ^ (r.attempts - 1), interval '1 hour')
        OR r.state = 'running' AND r.heartbeat_at <= now() - interval '1 second' * :lease
    )
"""
CAN_START = """
    NOT EXISTS (SELECT FROM job_runs r WHERE r.job = :job AND r.period > :period)
    AND NOT (:alone AND EXISTS (
        SELECT FROM job_runs r WHERE r.job = :job AND r.period < :period AND r.state = 'running'
            AND r.heartbeat_at > now() - interval '1 second' * :lease
    ))
"""
IS_DUE = text(f"""
    SELECT {CAN_START} AND NOT EXISTS (
        SELECT FROM job_runs r WHERE r.job = :job AND r.period = :period AND NOT ({CAN_BE_CLAIMED})
    )
""")  # noqa: S608  built from constants only
LOCK_JOB = text("SELECT pg_advisory_xact_lock(hashtextextended('job ' || :job, 0))")
CLAIM = text(f"""
    INSERT INTO job_runs AS r (job, period)
    SELECT :job, :period WHERE {CAN_START}
    ON CONFLICT (job, period) DO UPDATE SET
        state = 'running', attempts = r.attempts + 1, started_at = now(), heartbeat_at = now(),
        finished_at = NULL, error = NULL
    WHERE {CAN_BE_CLAIMED}
    RETURNING r.attempts
""")
LAST_DONE = text("SELECT max(period) FROM job_runs WHERE job = :job AND state = 'done'")
FAIL_LOST_RUNS = text("""
    UPDATE job_runs SET state = 'failed', finished_at = now(),
        error = 'its worker was lost, and the next period came'
    WHERE job = :job AND period < :period AND state = 'running'
      AND heartbeat_at <= now() - interval '1 second' * :lease
""")
UPDATE_HEARTBEAT = text("""
    UPDATE job_runs SET heartbeat_at = now()
    WHERE job = :job AND period = :period AND attempts = :attempt AND state = 'running'
""")
END = text("""
    UPDATE job_runs SET state = :state, finished_at = now(), result = :result, error = :error
    WHERE job = :job AND period = :period AND attempts = :attempt AND state = 'running'
""").bindparams(bindparam("result", type_=JSONB))


async def due_now(engine: AsyncEngine, settings: Settings, jobs: Iterable[Job]) -> list[str]:
    """Return the names of the jobs that are due."""
    async with engine.connect() as connection:
        return [job.name for job in jobs if await _is_due(connection, settings, job)]


async def _is_due(connection: AsyncConnection, settings: Settings, job: Job) -> bool:
    values = await _values(connection, settings, job)
    return values is not None and bool(await connection.scalar(IS_DUE, values))


Report = Callable[[str, str, float], None]
"""Called with the job's name, `done` or `failed`, and the seconds it took."""


def no_report(_job: str, _outcome: str, _seconds: float) -> None:
    """Do nothing: the default for callers that do not count runs."""


async def run_once(engine: AsyncEngine, settings: Settings, job: Job, report: Report = no_report) -> bool:
    """Run a job for its current period; False when it is already done or another worker has it.

    A failure is logged and stored, not raised: the run is due again after a pause.
    """
    claim = await claim_run(engine, settings, job)
    if claim is None:
        return False
    logged = log.bind(job=job.name, period=claim.period.isoformat(), attempt=claim.attempt)
    began = time.perf_counter()
    async with meanwhile(_heartbeat(engine, settings.job_lease_s / 4, claim)):
        try:
            result = await job.run(JobContext(engine, settings, claim.period, claim.last))
        except Exception as error:
            report(job.name, "failed", time.perf_counter() - began)
            logged.exception("job_failed", error=type(error).__name__)
            await _end(engine, claim, "failed", {}, f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
        else:
            report(job.name, "done", time.perf_counter() - began)
            logged.info("job_done", **result)
            await _end(engine, claim, "done", result, None)
    return True


async def claim_run(engine: AsyncEngine, settings: Settings, job: Job) -> Claim | None:
    async with engine.begin() as connection:
        await connection.execute(LOCK_JOB, {"job": job.name})
        values = await _values(connection, settings, job)
        if values is None:
            return None
        attempt = await connection.scalar(CLAIM, values)
        if attempt is None:
            return None
        await connection.execute(FAIL_LOST_RUNS, values)
        return Claim(job, values["period"], attempt, await connection.scalar(LAST_DONE, {"job": job.name}))


async def _values(connection: AsyncConnection, settings: Settings, job: Job) -> dict[str, Any] | None:
    now = await connection.scalar(text("SELECT clock_timestamp()"))
    assert now is not None
    period = await job.schedule.period(connection, settings, now)
    if period is None:
        return None
    return {
        "job": job.name,
        "period": period,
        "alone": job.exclusive,
        "lease": settings.job_lease_s,
        "most": MOST_ATTEMPTS,
    }


async def _heartbeat(engine: AsyncEngine, every_s: float, claim: Claim) -> None:
    while True:
        await asyncio.sleep(every_s)
        with suppress(SQLAlchemyError, OSError):  # the next beat may still be in time
            async with engine.begin() as connection:
                await connection.execute(UPDATE_HEARTBEAT, claim.key)


async def _end(
    engine: AsyncEngine, claim: Claim, state: str, result: Mapping[str, Any], error: str | None
) -> None:
    """Store how the run ended; no-op if another worker has taken it over."""
    async with engine.begin() as connection:
        values = claim.key | {"state": state, "result": dict(result), "error": error}
        await connection.execute(END, values)
