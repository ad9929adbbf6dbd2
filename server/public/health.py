"""The root, and health checks for people and orchestrators."""

from importlib.metadata import version

from sanic import Blueprint, HTTPResponse

from schemas.api.health import About, Alive, Dependency, Health, Readiness
from server.context import CasaRequest, Context
from server.http.described import describes
from server.http.messages import reply
from services.health import check_all

blueprint = Blueprint("health")


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
    found = await check_stores(request.app.ctx)
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
    found = await check_stores(request.app.ctx)
    well = all(dependency["state"] == "ok" for dependency in found.values())
    return reply({"status": "ok" if well else "degraded", "dependencies": found})


async def check_stores(context: Context) -> dict[str, Dependency]:
    return await check_all(context.settings, context.database, context.search, context.cache)


def _wrong_schema(found: dict[str, Dependency]) -> bool:
    return found["opensearch"]["state"] == "wrong"
