"""Market prices: a listing compared with similar ones, prices by locality, and the quality of comparisons."""

from sanic import Blueprint, HTTPResponse

from schemas.api.market import MarketComparison, MarketQuality, Segments, SegmentsRequest
from schemas.errors import NotFound, SearchUnavailable
from search.answers.comparison import market_comparison, subject_of
from search.market import compare_live
from server.context import CasaRequest, transaction
from server.http.described import CACHED, describes
from server.http.messages import read_query, reply, with_etag_or_304
from server.http.search_rate import limit_searches
from services.market import list_segments, read_quality
from services.properties.live import find_listing_row

blueprint = Blueprint("market", url_prefix="/api/v1")
blueprint.on_request(limit_searches)


@blueprint.get("/properties/<property_id:str>/market")
@describes(MarketComparison, raises=(NotFound, SearchUnavailable))
async def comparison(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Compare a live listing's price with those of its comparables.

    The answer also says how these were found.
    """
    context = request.app.ctx
    listing = await find_listing_row(context.database, property_id)
    found = await compare_live(context.search, context.settings.index_alias, subject_of(listing))
    return reply(market_comparison(listing, found), headers={"cache-control": "no-cache"})


@blueprint.get("/market/segments")
@describes(Segments, CACHED, query=SegmentsRequest)
async def segments(request: CasaRequest) -> HTTPResponse:
    """List prices by locality, for maps and reports."""
    wanted = read_query(request, SegmentsRequest)
    async with transaction(request.app.ctx) as session:
        answer = await list_segments(session, wanted)
    return with_etag_or_304(request, reply(answer, headers={"cache-control": "public, max-age=300"}))


@blueprint.get("/market/quality")
@describes(MarketQuality, CACHED)
async def quality(request: CasaRequest) -> HTTPResponse:
    """Show how far asking prices were from the medians of their comparables, as measured last night."""
    async with transaction(request.app.ctx) as session:
        answer = await read_quality(session)
    return with_etag_or_304(request, reply(answer))
