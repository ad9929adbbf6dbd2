"""Prometheus metrics of an indexer, on a separate port: above all the lag, and what it has done.

The state of the stores is read every few seconds, not on every scrape. When it cannot be read, the
unlabelled gauges are NaN, because an old value would look like a current one.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes import outbox, revisions
from indexer.changes.drain import DrainResult
from indexer.letters import count_by_type
from indexer.lifecycle import generations
from indexer.verification.findings import Fault
from runtime.background import meanwhile
from runtime.metrics_server import metrics_served
from schemas.settings import Settings
from schemas.tables import IndexGeneration

EVERY_S = 2.0


@dataclass
class Metrics:
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.documents = self._counter("documents", "Documents written, once for each batch they are in.")
        self.superseded = self._counter("superseded", "Writes answered 409: a newer revision was there.")
        self.refused = self._counter("refused", "Documents refused, each time they were.")
        self.lag = self._gauge("lag_seconds", "Age of the oldest pending change.")
        self.depth = self._gauge("pending_changes", "Changes that are not indexed yet.")
        self.letters = self._gauge("dead_letters", "Refused documents.", "error_type")
        self.drift = self._gauge("drift", "What the last verification of the live index found.", "fault")
        self.generation = self._gauge("generation", "Always 1.", "name", "state", "schema_hash")
        self.schema = self._gauge("schema_matches", "Whether the live index has this code's schema.")
        self.ahead = self._gauge(
            "ahead", "Whether the database was restored and the index has not been repaired since."
        )
        self.set_unknown()

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"casabricks_index_{name}", text, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"casabricks_index_{name}", text, labels, registry=self.registry)

    def count(self, batch: DrainResult) -> None:
        self.documents.inc(batch.documents)
        self.superseded.inc(batch.superseded)
        self.refused.inc(batch.refused)

    async def observe(self, engine: AsyncEngine, alias: str) -> None:
        """Read the state of the stores once."""
        async with engine.connect() as connection:
            lag, depth = await outbox.lag_s(connection), await outbox.depth(connection)
            letters = await count_by_type(connection)
            standing = await generations.existing(connection, alias)
            live = await generations.live(connection, alias)
            is_live = IndexGeneration.name == (live.name if live else "")
            counts = await connection.scalar(select(IndexGeneration.counts).where(is_live)) or {}
        self.lag.set(lag)
        self.depth.set(depth)
        self.schema.set(live is not None and live.is_current)
        self.ahead.set(bool(counts.get(revisions.RESTORE_NOTE)))
        self.letters.clear()
        for error_type, count in letters.items():
            self.letters.labels(error_type).set(count)
        self.generation.clear()
        for each in standing:
            self.generation.labels(each.name, each.state, each.schema_hash).set(1)
        for fault in Fault:
            self.drift.labels(fault).set(counts.get("verified", {}).get(fault, math.nan))

    def set_unknown(self) -> None:
        """Set the unlabelled gauges to NaN, because the state of the stores is unknown."""
        for gauge in (self.lag, self.depth, self.schema, self.ahead):
            gauge.set(math.nan)


@asynccontextmanager
async def serving(metrics: Metrics, engine: AsyncEngine, settings: Settings) -> AsyncIterator[None]:
    """Serve `/metrics` during the block, if a metrics port is configured."""
    if not settings.indexer_metrics_port:
        yield
        return
    with metrics_served(metrics.registry, settings.indexer_metrics_host, settings.indexer_metrics_port):
        async with meanwhile(_keep_observing(metrics, engine, settings.index_alias)):
            yield


async def _keep_observing(metrics: Metrics, engine: AsyncEngine, alias: str) -> None:
    while True:
        try:
            await metrics.observe(engine, alias)
        except (SQLAlchemyError, OSError):
            metrics.set_unknown()
        await asyncio.sleep(EVERY_S)
