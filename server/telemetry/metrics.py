"""Prometheus metrics of the API, in files that its workers share, so that any worker can report for all.

Labels are routes and kinds, so their number is bounded; paths and persons are never labels. Each worker
sets its own gauges every second. The manager (server/cli.py) removes the gauges of a dead worker; its
counters remain.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

EVERY_S = 1.0
LATENCIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Other methods are counted as "other", because clients may invent them."""
NO_ROUTE = "none"
SEARCHES = ("guided", "listings", "map", "suggest", "similar")
CACHE_RESULTS = ("hit", "joined", "miss", "off")
"""Cached in Redis; in flight for another request; not cached; not cached because caching is off just now."""
FRAMEWORK = "casabricks_api_request"
"""Prefix of the metrics about HTTP requests: their number, those in flight, and latency."""

MetricT = TypeVar("MetricT", bound=MetricWrapperBase)


def share_between_workers(directory: Path) -> None:
    """Keep the metrics of this process and its children in files of this directory from now on."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


class Children(dict[tuple[str, ...], MetricT], Generic[MetricT]):
    """A cache of a metric's children by labels; the library's own look-up takes ten times as long."""

    def __init__(self, metric: MetricT) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> MetricT:
        child = self[labels] = self._metric.labels(*labels)
        return child


class Metrics:
    def __init__(self) -> None:
        self.counted = CollectorRegistry()
        """Metrics of this process; `collect` returns those of all workers."""
        self._requests = Children(self._counter("requests", "Answers.", "method", "route", "status"))
        self._seconds = Children(self._histogram("request_seconds", "Time to an answer.", "route"))
        self._busy = self._gauge("requests_in_flight", "Requests without an answer yet.")
        self._problems = Children(
            self._counter("problems", "Answers that say what is wrong.", "code", "route")
        )
        self._searches = Children(self._counter("searches", "Searches of visitors.", "kind"))
        self._empty = Children(self._counter("searches_without_results", "Those in vain.", "kind"))
        self.cached = Children(self._counter("search_cache", "Looks for a kept answer.", "kind", "result"))
        self.engine_failures = Children(
            self._counter("search_engine_failures", "Searches the engine did not answer.", "kind")
        )
        self.views = self._counter("views", "Pages of listings that were looked at.")
        self.inquiries = Children(self._counter("inquiries", "Inquiries taken.", "outcome"))
        self.logins = Children(self._counter("logins", "Attempts to sign in.", "outcome"))
        self._connections = Children(
            self._gauge(
                "database_connections", "Connections to Postgres, by whether they are at work.", "state"
            )
        )
        self._limit = self._gauge("database_connections_limit", "The most that may be open.")
        self._in_flight: set[asyncio.Task[Any] | None] = set()
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Create the labelled metrics, so that events that have not happened yet are reported as 0."""
        for kind in SEARCHES:
            for children in (self._searches, self._empty, self.engine_failures):
                children[(kind,)]
            for result in CACHE_RESULTS:
                self.cached[kind, result]
        for outcome in ("new", "existing"):
            self.inquiries[(outcome,)]
        for outcome in ("accepted", "refused"):
            self.logins[(outcome,)]

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"casabricks_api_{name}", text, labels, registry=self.counted)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"casabricks_api_{name}", text, labels, buckets=LATENCIES, registry=self.counted)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        mode: Literal["livesum"] = "livesum"
        return Gauge(f"casabricks_api_{name}", text, labels, multiprocess_mode=mode, registry=self.counted)

    def began(self) -> None:
        """Note a request by its connection's task; if its client disconnects, it ends with that task."""
        self._in_flight.add(asyncio.current_task())

    def answered(self, method: str, route: str | None, status: int, seconds: float | None) -> None:
        self._in_flight.discard(asyncio.current_task())
        template = route or NO_ROUTE
        self._requests[method if method in METHODS else "other", template, str(status)].inc()
        if seconds is not None:
            self._seconds[(template,)].observe(seconds)

    def refused(self, code: str, route: str | None) -> None:
        self._problems[code, route or NO_ROUTE].inc()

    def searched(self, kind: str, *, is_empty: bool) -> None:
        self._searches[(kind,)].inc()
        if is_empty:
            self._empty[(kind,)].inc()

    async def keep_observing(self, database: AsyncEngine, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            self.observe(database)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await stopping.wait()

    def observe(self, database: AsyncEngine) -> None:
        """Set the gauges of this process."""
        self._in_flight = {task for task in self._in_flight if task and not task.done()}
        self._busy.set(len(self._in_flight))
        pool = database.pool
        assert isinstance(pool, QueuePool)
        self._connections[("in_use",)].set(pool.checkedout())
        self._connections[("idle",)].set(pool.checkedin())
        self._limit.set(pool.size() + pool._max_overflow)  # noqa: SLF001  there is no public name for it

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all workers."""
        if values.ValueClass._multiprocess:  # noqa: SLF001  the library itself reads it
            shared: Iterable[Metric] = MultiProcessCollector(None).collect()  # type: ignore[no-untyped-call]
            return shared
        return self.counted.collect()


class CollectedMetrics(Collector):
    """A collector of metrics that are already collected."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def prometheus_text(metrics: Iterable[Metric]) -> bytes:
    """Return metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(CollectedMetrics(metrics))
    return generate_latest(registry)
