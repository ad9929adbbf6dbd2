"""The localities of Noida, for maps, filters and pages about a place."""

from functools import partial

from sanic import Blueprint, HTTPResponse

from schemas.api.search.localities import Localities, LocalitiesRequest
from schemas.errors import SearchUnavailable
from search.localities import localities
from server.context import CasaRequest
from server.http.described import CACHED, describes
from server.http.messages import read_query, reply_json_bytes, with_etag_or_304
from server.search_cache import SearchKind, cached_or_searched

blueprint = Blueprint("localities", url_prefix="/api/v1/localities")


@blueprint.get("/")
@describes(Localities, CACHED, query=LocalitiesRequest, raises=(SearchUnavailable,))
async def index(request: CasaRequest) -> HTTPResponse:
    """List every sector with its centre, its number of live listings, and its prices per sqft."""
    context = request.app.ctx
    wanted = read_query(request, LocalitiesRequest)
    find = partial(localities, context.search, context.database, context.settings.index_alias, wanted)
    answer, _ = await cached_or_searched(context, SearchKind.LOCALITIES, wanted, find)
    return with_etag_or_304(request, reply_json_bytes(answer))
