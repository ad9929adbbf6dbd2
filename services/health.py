"""The state of the stores that the API depends on."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Literal

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes.revisions import find_restore
from schemas.api.health import Dependency
from schemas.index.listings import schema_hash
from schemas.settings import Settings

CheckResult = tuple[Literal["ok", "ahead", "wrong"], str | None]
"""The state of a dependency that answers, and a detail that says what is wrong."""
HEALTHY: CheckResult = ("ok", None)


async def check_all(
    settings: Settings, database: AsyncEngine, search: AsyncOpenSearch, cache: Redis
) -> dict[str, Dependency]:
    """Check all stores at once; each may take `health_timeout_s` of the settings."""
    checks = {
        "postgres": _postgres(database),
        "opensearch": _opensearch(search, settings.index_alias, database),
        "redis": _redis(cache),
    }
    found = await asyncio.gather(*(_checked(check, settings.health_timeout_s) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _checked(check: Awaitable[CheckResult], timeout_s: float) -> Dependency:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            state, detail = await check
    except Exception as error:  # noqa: BLE001  any error of a store's client means that the store is down
        return Dependency(state="down", latency_ms=_since(began), detail=type(error).__name__)
    return Dependency(state=state, latency_ms=_since(began), detail=detail)


def _since(began: float) -> float:
    """Milliseconds with one decimal."""
    return round((time.perf_counter() - began) * 1000, 1)


async def _postgres(database: AsyncEngine) -> CheckResult:
    async with database.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return HEALTHY


async def _opensearch(search: AsyncOpenSearch, alias: str, database: AsyncEngine) -> CheckResult:
    """Check that the index behind the alias has this release's schema and is not ahead of the database."""
    answer = await search.indices.get_alias(name=alias)
    if not any(name.startswith(f"{alias}-{schema_hash()}-") for name in answer):
        return "wrong", f"The index behind {alias!r} has another schema: run `indexer reindex`."
    with suppress(SQLAlchemyError):  # the check of Postgres reports its outage
        if ahead := await find_restore(database, search, alias):
            return "ahead", str(ahead)
    return HEALTHY


async def _redis(cache: Redis) -> CheckResult:
    await cache.ping()
    return HEALTHY
