"""Search endpoints, open to everyone."""

from functools import partial
from typing import Any

from sanic import Blueprint, HTTPResponse

from schemas.api.search.guided import GuidedAnswer, GuidedRequest
from schemas.api.search.listings import ListingsAnswer, ListingsRequest
from schemas.api.search.map import MapAnswer, MapRequest
from schemas.api.search.suggest import Suggest, SuggestRequest
from schemas.api.search.understood import Understood
from schemas.errors import SearchUnavailable
from search.guided import guide
from search.listings import find_listings
from search.map import draw_map
from search.suggest import suggest
from search.understanding import understand_listings
from server.context import CasaRequest
from server.http.described import CACHED, VISIT, describes
from server.http.messages import (
    json_body,
    read_body,
    read_json,
    read_query,
    remembering_recent,
    reply_json_bytes,
    with_etag_or_304,
    with_member,
)
from server.http.search_rate import limit_searches
from server.pictures import with_picture_urls
from server.search_cache import Find, SearchKind, cached_or_searched
from server.telemetry.search_log import LoggedSearch, SearchRequest

blueprint = Blueprint("search", url_prefix="/api/v1/search")
blueprint.on_request(limit_searches)


@blueprint.get("/guided")
@describes(GuidedAnswer, CACHED, VISIT, query=GuidedRequest, raises=(SearchUnavailable,))
async def begin_guided(request: CasaRequest) -> HTTPResponse:
    """Begin the guided search: the first question with its live counts.

    A link may contain answers in their flat form.
    """
    return with_etag_or_304(request, await guided(request, read_query(request, GuidedRequest)))


@blueprint.post("/guided")
@describes(GuidedAnswer, VISIT, body=GuidedRequest, raises=(SearchUnavailable,))
async def continue_guided(request: CasaRequest) -> HTTPResponse:
    """Continue the guided search with the answers so far.

    Returns the next question, how many listings each choice would leave, and the listings.
    """
    return await guided(request, read_guided(json_body(request)))


@remembering_recent
def read_guided(body: bytes) -> GuidedRequest:
    return read_json(body, GuidedRequest, "body")


async def guided(request: CasaRequest, wanted: GuidedRequest) -> HTTPResponse:
    context = request.app.ctx
    find = partial(guide, context.search, context.settings.index_alias, wanted, context.keys_for("cursor"))
    return reply_json_bytes(await search_and_record(request, SearchKind.GUIDED, wanted, find))


@blueprint.post("/listings")
@describes(ListingsAnswer, VISIT, body=ListingsRequest, raises=(SearchUnavailable,))
async def listings(request: CasaRequest) -> HTTPResponse:
    """Search listings: the full search with filters, text, place, facets, sorts, pages and cursors.

    What the text says is turned into filters, so the same search has the same cursor and cached answer
    however it is worded. `understood` says what was read from the text.
    """
    context = request.app.ctx
    wanted, understood = read_listings(json_body(request))
    find = partial(
        find_listings, context.search, context.settings.index_alias, wanted, context.keys_for("cursor")
    )
    answer = await search_and_record(request, SearchKind.LISTINGS, wanted, find)
    return reply_json_bytes(with_member(answer, "understood", understood))


@remembering_recent
def read_listings(body: bytes) -> tuple[ListingsRequest, Understood | None]:
    return understand_listings(read_json(body, ListingsRequest, "body"))


@blueprint.post("/map")
@describes(MapAnswer, VISIT, body=MapRequest, raises=(SearchUnavailable,))
async def draw(request: CasaRequest) -> HTTPResponse:
    """Show what a map's viewport contains, by the same filters as listings.

    The answer has clusters, or listings if these are few and the zoom is close.
    """
    context = request.app.ctx
    wanted = read_body(request, MapRequest)
    find = partial(draw_map, context.search, context.settings.index_alias, wanted)
    return reply_json_bytes(await search_and_record(request, SearchKind.MAP, wanted, find))


async def search_and_record(
    request: CasaRequest, kind: SearchKind, wanted: SearchRequest, find: Find
) -> bytes:
    """Answer a search and record it, unless it is a prefetch; suggestions are not recorded."""
    context = request.app.ctx

    async def find_addressed() -> Any:
        return with_picture_urls(await find(), context.settings)

    answer, total = await cached_or_searched(context, kind, wanted, find_addressed)
    if not request.is_prefetch:
        size = len(request.body) + len(request.query_string)
        context.metrics.searched(kind, is_empty=total == 0)
        context.search_log.add(LoggedSearch(kind, wanted, total, request.took_ms, request.session_id, size))
    return answer


@blueprint.get("/suggest")
@describes(Suggest, CACHED, query=SuggestRequest, raises=(SearchUnavailable,))
async def complete(request: CasaRequest) -> HTTPResponse:
    """Suggest places and societies for the text typed so far, each with its count."""
    context = request.app.ctx
    wanted = read_query(request, SuggestRequest)
    find = partial(suggest, context.search, context.settings.index_alias, wanted)
    answer, count = await cached_or_searched(context, SearchKind.SUGGEST, wanted, find)
    context.metrics.searched(SearchKind.SUGGEST, is_empty=count == 0)
    return with_etag_or_304(request, reply_json_bytes(answer))
