"""The indexer process: it drains changes when the database notifies it, and retries during outages."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException
from psycopg import AsyncConnection as DriverConnection
from psycopg import Error as DriverError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.backoff import delays
from indexer.changes.bulk import TIMEOUT_S, EngineUnavailable
from indexer.changes.drain import BATCH, DrainResult, drain_once, refresh
from indexer.conditions import WritePreconditions
from indexer.lifecycle.generations import Refused
from indexer.metrics import Metrics, serving
from schemas.settings import Settings
from stores.answers import SearchCacheEpoch
from stores.cache import opened_cache
from stores.database import opened_database
from stores.search import opened_search

log = structlog.get_logger(component=__name__)

CHANNEL = "search_outbox"
POLL_S = 1.0  # a notification may get lost, a row of the outbox cannot
BACKLOG_REFRESH_S = 1.0  # during a backlog, frequent refreshes would only slow it down
QUICK_S = 2.0  # batches below this time grow; the limit is a few times as long

STORE_ERRORS = (EngineUnavailable, OpenSearchException, DBAPIError, DriverError, PoolTimeout, OSError)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Drain until `stop` is set; the batch in flight is finished first.

    Raises:
        Refused: this indexer must not write here; pending changes stay in the outbox.
    """
    async with (
        opened_database(settings) as engine,
        opened_search(settings, timeout_s=TIMEOUT_S) as search,
        opened_cache(settings) as cache,
    ):
        indexer = Indexer(
            engine, search, settings.index_alias, stop, SearchCacheEpoch(cache, settings.index_alias)
        )
        async with serving(indexer.metrics, engine, settings):
            await indexer.run()


@dataclass
class Indexer:
    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    stop: asyncio.Event
    epoch: SearchCacheEpoch
    metrics: Metrics = field(default_factory=Metrics)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    limit: int = BATCH
    """Rows that the next batch claims. It is halved when the engine fails and doubled after quick batches."""
    refreshed_at: float = 0.0
    """Time of the last refresh, on the monotonic clock."""
    is_refresh_pending: bool = True
    """Whether some writes may not be searchable yet. At the start, an earlier process may have left some."""
    refused: Refused | None = None
    """The error that stopped it, if it was not told to stop."""

    def __post_init__(self) -> None:
        self.conditions = WritePreconditions(self.engine, self.search, self.alias)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self.listen()), group.create_task(self.wake_to_stop())]
            log.info("indexer started", alias=self.alias)
            await self.drain_until_stopped()
            for helper in helpers:
                helper.cancel()
        if self.is_refresh_pending:
            with contextlib.suppress(*STORE_ERRORS):  # the next process makes them searchable
                await self.refresh()
        log.info("indexer stopped")
        if self.refused is not None:
            raise self.refused

    async def wake_to_stop(self) -> None:
        await self.stop.wait()
        self.wake.set()

    async def drain_until_stopped(self) -> None:
        outage = Outage("drain")
        while not self.stop.is_set():
            self.wake.clear()
            try:
                await self.conditions.check_if_due()
                await self.drain_fully(outage)
            except Refused as error:
                self.refused = error
                self.stop.set()
            except STORE_ERRORS as error:
                self.conditions.check_soon()
                # After a failover, pooled connections may lead to a former primary: drop them all.
                await self.engine.dispose()
                await wait(self.stop, outage.record_failure(error))
            else:
                outage.record_success()
                if self.epoch.is_raise_due:
                    await self.epoch.raise_epoch()
                await wait(self.wake, POLL_S)

    async def drain_fully(self, outage: "Outage") -> None:
        """Drain until nothing is left to claim, and make everything searchable."""
        while not self.stop.is_set():
            drained = await self.drain_batch()
            if not drained.claimed:
                break
            outage.record_success()
        if self.is_refresh_pending:
            await self.refresh()

    async def drain_batch(self) -> DrainResult:
        """Drain one batch, and adapt the batch size to the speed of the engine."""
        began = time.monotonic()
        always_refresh = began - self.refreshed_at >= BACKLOG_REFRESH_S
        try:
            drained = await drain_once(
                self.engine,
                self.search,
                alias=self.alias,
                limit=self.limit,
                epoch=self.epoch,
                always_refresh=always_refresh,
            )
        except EngineUnavailable as error:
            self.limit = max(1, min(self.limit, error.claimed or self.limit) // 2)
            raise
        self.metrics.count(drained)
        now = time.monotonic()
        if drained.claimed and now - began < QUICK_S:
            self.limit = min(BATCH, self.limit * 2)
        if drained.claimed:
            self.is_refresh_pending = drained.is_refresh_deferred
            self.refreshed_at = self.refreshed_at if drained.is_refresh_deferred else now
        return drained

    async def refresh(self) -> None:
        await refresh(self.search, self.alias, self.epoch)
        self.refreshed_at, self.is_refresh_pending = time.monotonic(), False

    async def listen(self) -> None:
        """Wake the drain at every notification and after every reconnect."""
        outage = Outage("listen")
        while not self.stop.is_set():
            try:
                await self.wake_at_notifications(outage)
            except STORE_ERRORS as error:
                await asyncio.sleep(outage.record_failure(error))

    async def wake_at_notifications(self, outage: "Outage") -> None:
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, DriverConnection)
            try:
                await connection.execute(text(f"LISTEN {CHANNEL}"))
                outage.record_success()
                self.wake.set()
                while not self.stop.is_set():
                    # A timeout, because on Python 3.11 the driver may lose a cancellation during this wait.
                    async for _ in driver.notifies(timeout=POLL_S):
                        self.wake.set()
            finally:
                await connection.invalidate()  # a listening connection must not go back to the pool


@dataclass
class Outage:
    """An outage of a store, logged once when it begins and once when it ends."""

    activity: str
    waits: Iterator[float] = field(default_factory=delays)
    since: float | None = None

    def record_failure(self, error: Exception) -> float:
        """Log the outage if it is new; return the seconds to wait before the next attempt."""
        if self.since is None:
            self.since = time.monotonic()
            log.warning("store unavailable", activity=self.activity, reason=reason(error))
        return next(self.waits)

    def record_success(self) -> None:
        if self.since is not None:
            log.info("store back", activity=self.activity, after_s=round(time.monotonic() - self.since, 1))
        self.since, self.waits = None, delays()


def reason(error: Exception) -> str:
    """Return the error's text, without the SQL statement, which holds the ids of a whole batch."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event for at most `seconds`; return whether it is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
