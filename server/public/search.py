"""Search endpoints that anyone may call."""

from sanic import Blueprint, HTTPResponse

from schemas.api.guided import GuidedRequest
from schemas.api.listings import ListingsRequest
from schemas.api.map import MapRequest
from server.context import CasaRequest
from server.http import read_body, read_query, reply
from server.search.guided import guide
from server.search.listings import find_listings
from server.search.map import draw_map

blueprint = Blueprint("search", url_prefix="/api/v1/search")


@blueprint.get("/guided")
async def begin_guided(request: CasaRequest) -> HTTPResponse:
    """The first question with its live counts; a link may carry answers in their flat form."""
    context = request.app.ctx
    wanted = read_query(request, GuidedRequest)
    return reply(await guide(context.search, context.settings.index_alias, wanted))


@blueprint.post("/guided")
async def continue_guided(request: CasaRequest) -> HTTPResponse:
    """The answers so far: the next question, what every choice would leave, and the listings."""
    context = request.app.ctx
    wanted = read_body(request, GuidedRequest)
    return reply(await guide(context.search, context.settings.index_alias, wanted))


@blueprint.post("/listings")
async def find(request: CasaRequest) -> HTTPResponse:
    """Filters, text, place, facets, sorts, pages and cursors: the canonical search in full."""
    context = request.app.ctx
    wanted = read_body(request, ListingsRequest)
    return reply(
        await find_listings(context.search, context.settings.index_alias, wanted, context.signing_secret)
    )


@blueprint.post("/map")
async def draw(request: CasaRequest) -> HTTPResponse:
    """What a viewport holds, by the same filters: clusters, or listings close by."""
    context = request.app.ctx
    wanted = read_body(request, MapRequest)
    return reply(await draw_map(context.search, context.settings.index_alias, wanted))
