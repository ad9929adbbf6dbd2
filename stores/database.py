"""Postgres, opened in one place."""

import math
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from schemas.settings import Settings
from schemas.urls import sqlalchemy_url

ALIVE = {
    # A server that vanished without a word is noticed within half a minute, not in two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
READ_ONLY = "25006"
SHORTEST_DIAL_S = 2
"""The driver counts whole seconds, and not fewer."""


def open_database(settings: Settings, *, statement_timeout_ms: int = 10_000) -> AsyncEngine:
    """A pool of connections; nothing is dialled before the first use.

    Args:
        settings: whose `database_url`, pool size and patience to use.
        statement_timeout_ms: how long one statement may run; 0 for bulk work without a bound.
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
        hide_parameters=True,  # an error that is logged must not quote what a visitor wrote
        connect_args={
            "connect_timeout": max(SHORTEST_DIAL_S, math.ceil(settings.database_pool_timeout_s)),
            **ALIVE,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )
    event.listen(engine.sync_engine, "handle_error", _leave_a_former_primary)
    return engine


def _leave_a_former_primary(context: ExceptionContext) -> None:
    """After a failover its connections work and write nothing: all are dialled anew."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


def _json(value: Any) -> str:
    """JSON columns take what rows hold: ids, times, whole rupees."""
    return orjson.dumps(value).decode()
