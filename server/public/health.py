"""The root, and health checks for people and orchestrators."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.metadata import version
from typing import Literal

from sanic import Blueprint, HTTPResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from indexer.changes.revisions import find_restore
from schemas.api.health import About, Alive, Dependency, Health, Readiness
from schemas.index.listings import schema_hash
from server.context import CasaRequest, Context
from server.http.described import describes
from server.http.messages import reply

blueprint = Blueprint("health")

CheckResult = tuple[Literal["ok", "ahead", "wrong"], str | None]
"""The state of a dependency that answers, and a detail that says what is wrong."""
Check = Callable[[Context], Awaitable[CheckResult]]
HEALTHY: CheckResult = ("ok", None)


@blueprint.get("/")
@describes(About)
async def root(_: CasaRequest) -> HTTPResponse:
    """Show the name and version of this API, with links."""
    links = {
        "guided_search": "/api/v1/search/guided",
        "localities": "/api/v1/localities",
        "health": "/health",
        "contract": "/openapi.json",
    }
    return reply({"name": "CasaBricks", "version": version("casabricks"), "links": links})


@blueprint.get("/livez")
@describes(Alive)
async def livez(_: CasaRequest) -> HTTPResponse:
    """Report that the process answers.

    No dependency is checked, so that an outage elsewhere does not restart all processes.
    """
    return reply({"status": "ok"})


@blueprint.get("/readyz")
@describes(Readiness, also={503: Readiness})
async def readyz(request: CasaRequest) -> HTTPResponse:
    """Report whether this process is ready for traffic.

    503 while Postgres is down, the index has another schema, or the process is stopping. An outage of search
    or Redis only degrades it, because property pages still work.
    """
    found = await check_all(request.app.ctx)
    degraded = sorted(name for name, dependency in found.items() if dependency["state"] != "ok")
    ready = "postgres" not in degraded and not _wrong_schema(found) and not request.app.ctx.stopping.is_set()
    details = [dependency["detail"] for dependency in found.values() if dependency["detail"]]
    return reply({"ready": ready, "degraded": degraded, "details": details}, 200 if ready else 503)


@blueprint.get("/health")
@describes(Health)
async def health(request: CasaRequest) -> HTTPResponse:
    """Show every dependency with its state and latency.

    The status is always 200, for status pages.
    """
    found = await check_all(request.app.ctx)
    well = all(dependency["state"] == "ok" for dependency in found.values())
    return reply({"status": "ok" if well else "degraded", "dependencies": found})


async def check_all(context: Context) -> dict[str, Dependency]:
    names = list(CHECKS)
    found = await asyncio.gather(*(check(CHECKS[name], context) for name in names))
    return dict(zip(names, found, strict=True))


async def check(dependency: Check, context: Context) -> Dependency:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(context.settings.health_timeout_s):
            state, detail = await dependency(context)
    except Exception as error:  # noqa: BLE001  any error of a store's client means that the store is down
        return Dependency(state="down", latency_ms=_since(began), detail=type(error).__name__)
    return Dependency(state=state, latency_ms=_since(began), detail=detail)


def _since(began: float) -> float:
    """Milliseconds with one decimal."""
    return round((time.perf_counter() - began) * 1000, 1)


async def _postgres(context: Context) -> CheckResult:
    async with context.database.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return HEALTHY


async def _opensearch(context: Context) -> CheckResult:
    """Check that the index behind the alias has this release's schema and is not ahead of the database."""
    alias = context.settings.index_alias
    answer = await context.search.indices.get_alias(name=alias)
    if not any(name.startswith(f"{alias}-{schema_hash()}-") for name in answer):
        return "wrong", f"The index behind {alias!r} has another schema: run `indexer reindex`."
    with suppress(SQLAlchemyError):  # the check of Postgres reports its outage
        if ahead := await find_restore(context.database, context.search, alias):
            return "ahead", str(ahead)
    return HEALTHY


async def _redis(context: Context) -> CheckResult:
    await context.cache.ping()
    return HEALTHY


CHECKS: dict[str, Check] = {
    "postgres": _postgres,
    "opensearch": _opensearch,
    "redis": _redis,
}


def _wrong_schema(found: dict[str, Dependency]) -> bool:
    return found["opensearch"]["state"] == "wrong"
