"""Search endpoints that anyone may call."""

from functools import partial
from typing import Any

from sanic import Blueprint, HTTPResponse

from schemas.api.guided import GuidedAnswer, GuidedRequest
from schemas.api.listings import ListingsAnswer, ListingsRequest
from schemas.api.map import MapAnswer, MapRequest
from schemas.api.suggest import Suggest, SuggestRequest
from schemas.errors import SearchUnavailable
from server.context import CasaRequest
from server.described import CACHED, VISIT, describes
from server.http import read_body, read_query, reply_as_written, unless_known, with_member
from server.pictures import addressed
from server.search.cache import Find, Kind, answered
from server.search.guided import guide
from server.search.limits import limit_searches
from server.search.listings import find_listings
from server.search.map import draw_map
from server.search.suggest import suggest
from server.search.understanding import understand_listings
from server.search_log import Noted, Wanted, total_of

blueprint = Blueprint("search", url_prefix="/api/v1/search")
blueprint.on_request(limit_searches)

NO_PLACES = b'"items":[]'
"""In an answer that found nothing; in somebody's text the quotes would be escaped."""


@blueprint.get("/guided")
@describes(GuidedAnswer, CACHED, VISIT, query=GuidedRequest, raises=(SearchUnavailable,))
async def begin_guided(request: CasaRequest) -> HTTPResponse:
    """The first question with its live counts; a link may carry answers in their flat form."""
    return unless_known(request, await guided(request, read_query(request, GuidedRequest)))


@blueprint.post("/guided")
@describes(GuidedAnswer, VISIT, body=GuidedRequest, raises=(SearchUnavailable,))
async def continue_guided(request: CasaRequest) -> HTTPResponse:
    """The answers so far: the next question, what every choice would leave, and the listings."""
    return await guided(request, read_body(request, GuidedRequest))


async def guided(request: CasaRequest, wanted: GuidedRequest) -> HTTPResponse:
    context = request.app.ctx
    find = partial(guide, context.search, context.settings.index_alias, wanted, context.keys_for("cursor"))
    return reply_as_written(await found(request, Kind.GUIDED, wanted, find))


@blueprint.post("/listings")
@describes(ListingsAnswer, VISIT, body=ListingsRequest, raises=(SearchUnavailable,))
async def listings(request: CasaRequest) -> HTTPResponse:
    """Filters, text, place, facets, sorts, pages and cursors: the canonical search in full.

    Whatever a text says is a filter from here on, so that one search has one cursor and one kept answer,
    however it was said; what was read from the text goes with the answer and not into it.
    """
    context = request.app.ctx
    wanted, understood = understand_listings(read_body(request, ListingsRequest))
    find = partial(
        find_listings, context.search, context.settings.index_alias, wanted, context.keys_for("cursor")
    )
    answer = await found(request, Kind.LISTINGS, wanted, find)
    return reply_as_written(with_member(answer, "understood", understood))


@blueprint.post("/map")
@describes(MapAnswer, VISIT, body=MapRequest, raises=(SearchUnavailable,))
async def draw(request: CasaRequest) -> HTTPResponse:
    """What a viewport holds, by the same filters: clusters, or listings close by."""
    context = request.app.ctx
    wanted = read_body(request, MapRequest)
    find = partial(draw_map, context.search, context.settings.index_alias, wanted)
    return reply_as_written(await found(request, Kind.MAP, wanted, find))


async def found(request: CasaRequest, kind: Kind, wanted: Wanted, find: Find) -> bytes:
    """Answer a search and remember it; typing ahead is no search yet."""
    context = request.app.ctx

    async def find_addressed() -> Any:
        return addressed(await find(), context.settings)

    answer = await answered(context, kind, wanted, find_addressed)
    if not request.is_prefetch:
        total, size = total_of(answer), len(request.body) + len(request.query_string)
        context.metrics.searched(kind, in_vain=total == 0)
        context.searches.note(Noted(kind, wanted, total, request.took_ms, request.session_id, size))
    return answer


@blueprint.get("/suggest")
@describes(Suggest, CACHED, query=SuggestRequest, raises=(SearchUnavailable,))
async def complete(request: CasaRequest) -> HTTPResponse:
    """Places and societies for what is typed so far, each with its count."""
    context = request.app.ctx
    wanted = read_query(request, SuggestRequest)
    find = partial(suggest, context.search, context.settings.index_alias, wanted)
    answer = await answered(context, Kind.SUGGEST, wanted, find)
    context.metrics.searched(Kind.SUGGEST, in_vain=NO_PLACES in answer)
    return unless_known(request, reply_as_written(answer))
