"""The queue: how a process asks for work, and how workers find out what is due.

Huey loses a task whose worker is killed. So tasks carry only an id or a name, and every job finds its work
in Postgres: the next look does what a lost task would have done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import structlog
from huey import RedisHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from stores.database import opened_database
from tasks.enhancement import enhance, enhance_waiting, open_tools
from tasks.jobs import BY_NAME, JOBS
from tasks.metrics import Metrics
from tasks.scheduling.runs import Report, due_now, no_report, run_once
from tasks.scheduling.schedule import HALF_MINUTE
from tasks.uploads import import_upload, take_over_imports
from tasks.views import flush_views

NAME = "casabricks"
PATIENCE_S = 0.2
"""Connect timeout for Redis. Short, because a request can do without its nudge."""
POP_S = 1
"""How long Redis holds a worker's blocking pop while the queue is empty."""
SILENCE_S = POP_S + 1.0
"""Read timeout for Redis. Longer than a pop, because a task arriving after the timeout would be lost."""
WORKERS = 4
"""Enough that labels are renewed and views are counted while two workers run long imports."""
TAKE_OVER_S = 15.0
"""How long a starting worker retries imports whose lock a killed worker still holds."""
T = TypeVar("T")
log = structlog.get_logger(component="worker")


class Queue:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._report: Report = no_report
        self.huey = RedisHuey(
            NAME,
            connection_pool=open_pool(settings.redis_url),
            read_timeout=POP_S,
            results=False,
            serializer=SignedSerializer(settings.queue_secret.get_secret_value() or "no secret"),
        )
        self._import_upload = self.huey.task(name="import_upload")(self._run_import)
        self._enhance_image = self.huey.task(name="enhance_image")(self._run_enhancement)
        self._enhance_waiting = self.huey.task(name="enhance_waiting")(self._run_enhancements)
        self._take_over = self.huey.task(name="take_over")(self._take_over_imports)
        self._run_job = self.huey.task(name="run_job")(self._run_named)
        self._check_due_jobs = self.huey.task(name="look")(self._enqueue_due_jobs)
        self.huey.periodic_task(crontab(), name="tick")(self._tick)

    async def enqueue_import(self, job_id: UUID) -> None:
        """Nudge a worker to run the import; without Redis, a worker finds it within a minute."""
        await self._enqueue(self._import_upload, job_id)

    async def enqueue_enhancement(self, image_id: UUID) -> None:
        """Nudge a worker to enhance a picture; without Redis, the next minute's sweep finds it."""
        await self._enqueue(self._enhance_image, image_id)

    async def _enqueue(self, task: Callable[[str], Any], key: UUID) -> None:
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                await asyncio.to_thread(task, str(key))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("queue_unavailable", error=type(error).__name__)

    def consumer(self, *, schedules: bool = True) -> Consumer:
        """Return a worker that first catches up on lost work; on SIGTERM it finishes its current tasks.

        Args:
            schedules: whether it also looks for due jobs; one such worker is enough, more are harmless.
        """
        return CatchUpConsumer(
            self, workers=WORKERS, periodic=schedules, graceful_signal="TERM", check_worker_health=True
        )

    def count_in(self, metrics: Metrics) -> None:
        """Count this process's jobs and tasks in `metrics`."""
        self._report = metrics.count_run
        self.huey.signal()(lambda signal, task, *_: metrics.count_signal(signal, task.name))

    def catch_up(self) -> None:
        """Queue the work that was left undone while no worker was running."""
        try:
            self._take_over()
            self._enhance_waiting()
            self._check_due_jobs()
        except (RedisError, OSError) as error:  # the next tick queues it
            log.warning("queue_unavailable", error=type(error).__name__)

    def flush_before_exit(self) -> None:
        """Flush views before the process ends; the next process would do it otherwise."""
        try:
            self._run(partial(flush_views, settings=self._settings))
        except (SQLAlchemyError, OSError) as error:
            log.warning("views_not_taken", error=type(error).__name__)

    def _tick(self) -> None:
        """Look for due jobs now and in half a minute: Huey ticks each minute, labels are due more often."""
        self._check_due_jobs.schedule(delay=HALF_MINUTE.total_seconds())
        self._enqueue_due_jobs()

    def _enqueue_due_jobs(self) -> None:
        for name in self._run(partial(due_now, settings=self._settings, jobs=JOBS)):
            self._run_job(name)

    def _run_named(self, name: str) -> None:
        self._run(partial(run_once, settings=self._settings, job=BY_NAME[name], report=self._report))

    def _run_import(self, job_id: str) -> None:
        self._run(partial(import_upload, job_id=UUID(job_id)))

    def _take_over_imports(self) -> None:
        self._run(partial(take_over_imports, patience_s=TAKE_OVER_S))

    def _run_enhancement(self, image_id: str) -> None:
        async def run() -> None:
            async with open_tools(self._settings) as tools:
                await enhance(tools, UUID(image_id))

        asyncio.run(run())

    def _run_enhancements(self) -> None:
        asyncio.run(enhance_waiting(self._settings))

    def _run(self, job: Callable[[AsyncEngine], Awaitable[T]]) -> T:
        """Run a coroutine in this worker's thread, with a separate database engine."""

        async def run() -> T:
            async with opened_database(self._settings, statement_timeout_ms=0) as engine:
                return await job(engine)

        return asyncio.run(run())


class CatchUpConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """Handles signals before it starts its workers, and starts them before it queues undone work."""

    def __init__(self, queue: Queue, **options: Any) -> None:
        super().__init__(queue.huey, **options)
        self._queue = queue

    def start(self) -> None:
        self._set_signal_handlers()  # Huey sets its own late; a signal before that would kill it
        super().start()
        self._queue.catch_up()


def open_pool(url: str) -> ConnectionPool:
    """Open a pool with short timeouts and no retries, because an attempt blocks a web server's thread."""
    return ConnectionPool.from_url(
        url,
        socket_connect_timeout=PATIENCE_S,
        socket_timeout=SILENCE_S,
        retry=Retry(NoBackoff(), 0),
    )
