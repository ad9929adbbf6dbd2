"""Business figures for Prometheus, read from Postgres at each scrape.

Figures are cached for some seconds, so that many scrapes cost no more than one. If the database does not
answer in time, stale figures are left out, because they would look like current ones. All other metrics
are still reported.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.changes.outbox import lag_s
from indexer.letters import count_by_type
from schemas.vocabulary import PropertyType
from services.images.enhancement_queue import WAITING
from tasks.jobs import JOBS

FRESH_S = 5.0
CATALOGUE_FRESH_S = 60.0
"""Counting a million listings takes 0.1 s, and the counts change slowly."""

ACTIVE = text("""
    SELECT property_type, count(*) FROM properties WHERE state IN ('active', 'under_offer')
    GROUP BY property_type
""")
QUEUE = text("""
    SELECT enhancement_status, count(*),
        coalesce(extract(epoch FROM clock_timestamp() - min(requested_at)), 0)::float8
    FROM property_images WHERE enhancement_status IN ('pending', 'processing')
    GROUP BY enhancement_status
""")
RUNS = text("""
    SELECT job, state, count(*), sum(attempts - (state <> 'failed')::int) FROM job_runs
    WHERE job = ANY(:jobs) AND period > now() - interval '1 day'
    GROUP BY job, state
""")
LAST_DONE = text("""
    SELECT job, extract(epoch FROM finished_at)::float8
    FROM unnest(CAST(:jobs AS text[])) AS job,
        LATERAL (SELECT finished_at FROM job_runs r
                 WHERE r.job = job.job AND r.state = 'done' ORDER BY r.period DESC LIMIT 1) AS newest
""")

Read = Callable[[AsyncConnection], Awaitable[Sequence[Metric]]]


def gauge_family(name: str, described: str, labels: Sequence[str], rows: Mapping[Any, float]) -> Metric:
    """Return a gauge with a value for each combination of labels."""
    gauge = GaugeMetricFamily(f"casabricks_api_{name}", described, labels=labels)
    for label, value in rows.items():
        gauge.add_metric([str(part) for part in (label if isinstance(label, tuple) else (label,))], value)
    return gauge


async def read_catalogue(connection: AsyncConnection) -> Sequence[Metric]:
    found = {row[0]: row[1] for row in await connection.execute(ACTIVE)}
    counts = {kind: found.get(kind, 0) for kind in PropertyType}
    return [gauge_family("active_properties", "Listings that searches show.", ["property_type"], counts)]


async def read_queue(connection: AsyncConnection) -> Sequence[Metric]:
    found = {row[0]: (row[1], max(0.0, row[2])) for row in await connection.execute(QUEUE)}
    waiting = {state: found.get(state, (0, 0.0)) for state in WAITING}
    counts = {state: count for state, (count, _) in waiting.items()}
    ages = {state: age for state, (_, age) in waiting.items()}
    return [
        gauge_family("enhancement_queue", "Pictures that wait for the AI service.", ["state"], counts),
        gauge_family("enhancement_oldest_seconds", "For how long the oldest one has.", ["state"], ages),
    ]


async def read_index(connection: AsyncConnection) -> Sequence[Metric]:
    lag, letters = await lag_s(connection), await count_by_type(connection)
    return [
        gauge_family("index_lag_seconds", "Age of the oldest change that is not indexed.", [], {(): lag}),
        gauge_family("index_dead_letters", "Refused documents.", ["error_type"], letters),
    ]


async def read_jobs(connection: AsyncConnection) -> Sequence[Metric]:
    """Return runs and failures of the last day; jobs that no longer exist are left out."""
    names = [job.name for job in JOBS]
    rows = (await connection.execute(RUNS, {"jobs": names})).all()
    failures = dict.fromkeys(names, 0)
    for job, _, _, failed in rows:
        failures[job] += failed
    last = {row[0]: row[1] for row in await connection.execute(LAST_DONE, {"jobs": names})}
    runs = {(job, state): count for job, state, count, _ in rows}
    return [
        gauge_family(
            "job_runs", "Periods of the last day, by where their run stands.", ["job", "state"], runs
        ),
        gauge_family("job_failures", "Attempts of the last day that failed.", ["job"], failures),
        gauge_family("job_last_done_timestamp_seconds", "When a job was last done.", ["job"], last),
    ]


@dataclass
class FigureGroup:
    """Figures that are read together, and for how many seconds they are fresh."""

    read: Read
    fresh_s: float
    metrics: Sequence[Metric] = ()
    stale_at: float = 0.0


def figure_groups() -> list[FigureGroup]:
    return [
        FigureGroup(read_catalogue, CATALOGUE_FRESH_S),
        *(FigureGroup(read, FRESH_S) for read in (read_queue, read_index, read_jobs)),
    ]


@dataclass
class Figures:
    database: AsyncEngine
    patience_s: float
    _groups: list[FigureGroup] = field(default_factory=figure_groups)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _paused_until: float = 0.0

    async def collect(self) -> Iterable[Metric]:
        """Return all fresh figures, and a gauge that says whether all stale ones could be read in time."""
        try:
            async with asyncio.timeout(self.patience_s), self._lock:
                is_read = await self._refresh_stale()
        except TimeoutError:
            is_read = False
        now = time.monotonic()
        told = [metric for reading in self._groups if reading.stale_at > now for metric in reading.metrics]
        return [
            *told,
            gauge_family("figures_read", "Whether Postgres has told its figures.", [], {(): is_read}),
        ]

    async def _refresh_stale(self) -> bool:
        stale = [reading for reading in self._groups if reading.stale_at <= time.monotonic()]
        if stale and time.monotonic() < self._paused_until:
            return False
        try:
            if stale:
                await self._read(stale)
        except (SQLAlchemyError, OSError):
            self._paused_until = time.monotonic() + FRESH_S
            return False
        return True

    async def _read(self, stale: Iterable[FigureGroup]) -> None:
        async with self.database.connect() as connection:
            for reading in stale:
                reading.metrics = await reading.read(connection)
                reading.stale_at = time.monotonic() + reading.fresh_s
