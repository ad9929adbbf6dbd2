"""The context of request handlers: settings and stores, opened once for each worker."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from secrets import token_hex
from types import SimpleNamespace

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sanic import Request, Sanic
from sanic.config import Config
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain.security.keys import Keys as PurposeKeys
from domain.security.keys import keys_for
from domain.security.result_urls import Origins
from domain.security.tokens import Keys, signing_keys
from domain.security.webhooks import secret_key
from imaging.gate import Gate
from imaging.pool import Pool
from runtime.background import end_all
from runtime.crash_points import crash_here
from runtime.deadlines import left_s
from schemas.settings import Settings
from server.limits.address_turns import AddressTurns
from server.limits.login_limits import LoginLimits
from server.limits.passwords import PasswordHasher
from server.limits.search_limits import SearchLimits
from server.telemetry.figures import Figures
from server.telemetry.metrics import Metrics
from server.telemetry.observability import Observer
from server.telemetry.search_log import SearchLog
from server.telemetry.view_log import ViewLog
from stores.answers import CachedAnswers
from stores.cache import open_cache
from stores.database import open_database
from stores.media import Media, open_media
from stores.results import allowed_origins
from stores.search import open_search
from tasks.scheduling.queue import Queue

LONGEST_STATEMENT_MS = 10_000
UPLOADS, UPLOADS_WAITING = 4, 16
"""Uploads at once, and how many may wait. A browser sends six at once; each takes up to 15 MB of memory."""
UPLOAD_PATIENCE_S = 15.0
UPLOADS_BUSY = "Too many pictures are being uploaded just now; try again in a moment."
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
SESSION_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class Context:
    """Sanic's `ctx`; handlers use no other global state."""

    settings: Settings
    database: AsyncEngine
    search: AsyncOpenSearch
    cache: Redis
    cached_answers: CachedAnswers
    search_log: SearchLog
    view_log: ViewLog
    queue: Queue
    passwords: PasswordHasher
    login_limits: LoginLimits
    search_limits: SearchLimits
    media: Media
    pictures: Pool
    uploads: Gate
    """Passed before the body is read, to bound how many pictures are in memory at once."""
    keys: Keys
    """Keys of access tokens; the first one signs."""
    webhook_keys: tuple[bytes, ...]
    """Secrets shared with the AI service."""
    result_origins: Origins
    """Origins from which its results may be fetched."""
    metrics: Metrics
    figures: Figures
    observer: Observer
    searches_in_flight: dict[tuple[bytes, str], asyncio.Task[tuple[bytes, int]]] = field(default_factory=dict)
    """Searches in flight whose answer other requests may share (server/search_cache.py)."""
    address_turns: AddressTurns = field(default_factory=AddressTurns)
    """One inquiry at a time from each address."""
    connections: Counter[str] = field(default_factory=Counter)
    """Open connections by the address of the peer (server/http/protocol.py)."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process was asked to stop, so that load balancers send no new traffic."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when load balancers had time to notice, so that idle connections are closed."""

    derived: dict[str, PurposeKeys] = field(default_factory=dict)
    """Cached keys by purpose, derived at first use, because every request needs some."""

    def keys_for(self, purpose: str) -> PurposeKeys:
        """Return the keys of a purpose other than access tokens, derived from the same secrets."""
        if purpose not in self.derived:
            self.derived[purpose] = keys_for(purpose, self.settings.token_secrets)
        return self.derived[purpose]


CasaApp = Sanic[Config, Context]


class CasaRequest(Request[CasaApp, SimpleNamespace]):
    @cached_property
    def id(self) -> str:
        """The client's own request id if it is safe to log, else a new one. Sanic's id turns "007" into 7."""
        given = self.headers.get("x-request-id", "")
        return given if REQUEST_ID.fullmatch(given) else token_hex(16)

    @property
    def session_id(self) -> str | None:
        """The visit's id as the frontend sends it; None if it is missing or malformed."""
        given = self.headers.get("x-session-id", "")
        return given if SESSION_ID.fullmatch(given) else None

    @property
    def is_prefetch(self) -> bool:
        """Whether no visitor sees the answer: HEAD or a prefetch, as of browsers, cache warmers, monitors."""
        return self.method == "HEAD" or self.headers.get("sec-purpose", "").startswith("prefetch")

    @property
    def took_ms(self) -> float:
        """Milliseconds since the request began."""
        return round((time.perf_counter() - float(self.ctx.started)) * 1000, 1)


def open_context(settings: Settings) -> Context:
    """Create the context; connections to the stores are opened lazily."""
    cache = open_cache(settings)
    database = open_database(
        settings, statement_timeout_ms=round(1000 * settings.database_statement_timeout_s)
    )
    keys = signing_keys(*settings.token_secrets)
    return Context(
        settings=settings,
        database=database,
        search=open_search(settings),
        cache=cache,
        cached_answers=CachedAnswers(
            cache,
            settings.index_alias,
            enabled=settings.search_cache,
            most_bytes=settings.search_cache_mb * 2**20,
        ),
        search_log=SearchLog(database, keys_for("searched words", settings.token_secrets)[0]),
        view_log=ViewLog(cache, database),
        queue=Queue(settings),
        passwords=PasswordHasher(settings.password_cost),
        login_limits=LoginLimits(
            open_cache(settings, patience_s=0.5), keys_for("login limits", settings.token_secrets)[0]
        ),
        search_limits=SearchLimits(settings.search_rate, settings.search_burst),
        media=open_media(settings),
        pictures=Pool(settings.picture_processes),
        uploads=Gate(UPLOADS, most_waiting=UPLOADS_WAITING, patience_s=UPLOAD_PATIENCE_S, busy=UPLOADS_BUSY),
        keys=keys,
        webhook_keys=tuple(map(secret_key, settings.webhook_secrets)),
        result_origins=allowed_origins(settings),
        metrics=Metrics(),
        figures=Figures(database, settings.health_timeout_s),
        observer=Observer(settings, "api"),
    )


@asynccontextmanager
async def transaction(context: Context, *, awaited: bool = False) -> AsyncIterator[AsyncSession]:
    """Open a transaction that commits when the block ends.

    A statement may take until the request's deadline, at most 10 s. Changes of an `awaited` transaction are
    indexed before those that no request waits for.
    """
    async with AsyncSession(context.database, expire_on_commit=False) as session, session.begin():
        longest_ms = min(LONGEST_STATEMENT_MS, max(1, round(1000 * min(left_s(), 3600))))
        await session.execute(text(f"SET LOCAL statement_timeout = {longest_ms}"))
        if awaited:
            await session.execute(text("SET LOCAL casabricks.awaited = 'on'"))
        yield session
    crash_here("after-commit")


async def close_context(context: Context) -> None:
    await end_all(context.searches_in_flight.values())
    await context.search_log.end()
    await context.view_log.end()
    context.passwords.close()
    await context.login_limits.close()
    await context.pictures.close()
    await context.media.close()
    await context.search.close()
    await context.cache.aclose()
    await context.database.dispose()
    await asyncio.to_thread(context.observer.end)
