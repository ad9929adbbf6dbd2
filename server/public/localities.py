"""The localities of Noida, for maps, filters and pages about a place."""

from functools import partial

from sanic import Blueprint, HTTPResponse

from schemas.api.localities import LocalitiesRequest
from server.context import CasaRequest
from server.http import read_query, reply_as_written
from server.search.cache import Kind, answered
from server.search.localities import localities

blueprint = Blueprint("localities", url_prefix="/api/v1/localities")


@blueprint.get("/")
async def index(request: CasaRequest) -> HTTPResponse:
    context = request.app.ctx
    wanted = read_query(request, LocalitiesRequest)
    find = partial(localities, context.search, context.database, context.settings.index_alias, wanted)
    return reply_as_written(await answered(context, Kind.LOCALITIES, wanted, find))
