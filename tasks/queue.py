"""The queue: which jobs there are, how a process asks for one, and when they run by themselves.

Huey loses a task whose worker is killed, so no task carries anything but an id, and every job finds
by itself in Postgres what there is to do: what is lost is done by the next round.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from huey import RedisHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from stores.database import open_database
from tasks.retention import erase_expired
from tasks.uploads import import_left_behind, import_upload, import_waiting

NAME = "casabricks"
PATIENCE_S = 0.2
"""How long a request waits for Redis to take a nudge that it can do without."""
WORKERS = 2
TAKE_OVER_S = 15.0
"""How long a worker that starts waits for what a killed one has not let go of yet."""
NIGHTLY = crontab(minute="40", hour="20")
"""UTC, so ten past two at night in Noida."""
log = structlog.get_logger(component="worker")


class Queue:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.huey = RedisHuey(
            NAME,
            url=f"{settings.redis_url}?socket_connect_timeout={PATIENCE_S}",
            results=False,
            serializer=SignedSerializer(settings.queue_secret.get_secret_value() or "no secret"),
        )
        self._import_upload = self.huey.task(name="import_upload")(self._run_import)
        self.huey.periodic_task(crontab(), name="import_waiting")(self._run_waiting)
        self.huey.periodic_task(NIGHTLY, name="erase_expired")(self._run_retention)

    async def ask_for_import(self, job_id: UUID) -> None:
        """Nudge a worker; without Redis it finds the job by itself within a minute."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._import_upload, str(job_id)), 2 * PATIENCE_S)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("queue_unavailable", error=type(error).__name__)

    def consumer(self) -> Consumer:
        """A worker; SIGTERM lets it finish what it is at."""
        return self.huey.create_consumer(workers=WORKERS, graceful_signal="TERM", check_worker_health=True)

    def catch_up(self) -> None:
        """What was left undone while no worker was there."""
        self._run(partial(import_left_behind, patience_s=TAKE_OVER_S))

    def _run_import(self, job_id: str) -> None:
        self._run(lambda engine: import_upload(engine, UUID(job_id)))

    def _run_waiting(self) -> None:
        self._run(import_waiting)

    def _run_retention(self) -> None:
        self._run(lambda engine: erase_expired(engine, self._settings))

    def _run(self, job: Callable[[AsyncEngine], Awaitable[Any]]) -> None:
        """Run a coroutine in this worker's thread, with a database of its own."""

        async def run() -> None:
            engine = open_database(self._settings, statement_timeout_ms=0)
            try:
                await job(engine)
            finally:
                await engine.dispose()

        asyncio.run(run())
