"""The Postgres connection pool, configured in one place."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from schemas.settings import Settings
from schemas.urls import sqlalchemy_url

ALIVE = {
    # A server that disappears without closing is detected within half a minute, not after two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
READ_ONLY = "25006"
SHORTEST_DIAL_S = 2
"""Minimum connect timeout of the driver, which also accepts whole seconds only."""


def open_database(settings: Settings, *, statement_timeout_ms: int = 10_000) -> AsyncEngine:
    """Return a pool of connections, which are opened lazily.

    Args:
        settings: supplies `database_url`, the pool size and the timeouts.
        statement_timeout_ms: how long one statement may run; 0 means no limit, for bulk work.
    """
    limits = {
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(round(1000 * settings.database_lock_timeout_s)),
        "idle_in_transaction_session_timeout": str(round(1000 * settings.database_idle_transaction_s)),
    }
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size,
        pool_timeout=settings.database_pool_timeout_s,
        pool_pre_ping=True,
        json_serializer=_json,
        hide_parameters=True,  # logged errors must not contain visitors' input
        connect_args={
            "connect_timeout": max(SHORTEST_DIAL_S, math.ceil(settings.database_pool_timeout_s)),
            **ALIVE,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )
    event.listen(engine.sync_engine, "handle_error", _leave_a_former_primary)
    return engine


@asynccontextmanager
async def opened_database(
    settings: Settings, *, statement_timeout_ms: int = 10_000
) -> AsyncIterator[AsyncEngine]:
    """Open the pool of `open_database` for a block."""
    engine = open_database(settings, statement_timeout_ms=statement_timeout_ms)
    try:
        yield engine
    finally:
        await engine.dispose()


def _leave_a_former_primary(context: ExceptionContext) -> None:
    """Reopen all connections after a failover: the former primary accepts connections but no writes."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def autocommitting(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine in autocommit mode, because single reads need no BEGIN and COMMIT around them."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


def _json(value: Any) -> str:
    """Serialize JSON columns; orjson also accepts UUIDs and times."""
    return orjson.dumps(value).decode()
