"""Property pages; they read Postgres, so they work while search is down."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from sanic import Blueprint, HTTPResponse

from schemas.api.properties import PropertyPage
from schemas.api.search.similar import SimilarListings
from schemas.errors import NotFound, SearchUnavailable
from search.similar import similar_listings
from server.addresses import client_network
from server.context import CasaRequest
from server.http.described import CACHED, VISIT, describes
from server.http.messages import reply, with_etag_or_304
from server.http.search_rate import limit_searches
from server.pictures import with_picture_urls
from server.search_cache import counting_failures
from server.telemetry.view_log import LoggedView, visitor_of
from services.properties.live import find_page, property_page

blueprint = Blueprint("properties", url_prefix="/api/v1/properties")


@blueprint.get("/<property_id:str>")
@describes(PropertyPage, CACHED, VISIT, raises=(NotFound,))
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Show a live listing in full.

    Anything else is not found, for any reason.
    """
    found = await find_page(request.app.ctx.database, property_id)
    count_view(request, found.id)
    return with_etag_or_304(request, reply(with_picture_urls(property_page(found), request.app.ctx.settings)))


def count_view(request: CasaRequest, property_id: UUID) -> None:
    """Note a view, which is counted a moment later, so that no page waits for it; prefetches are ignored."""
    if request.is_prefetch:
        return
    address = client_network(request)
    context, session_id = request.app.ctx, request.session_id
    visitor = visitor_of(session_id, address, context.keys_for("visitors of a day")[0], datetime.now(UTC))
    context.metrics.views.inc()
    context.view_log.add(LoggedView(property_id, visitor, session_id))


@blueprint.get("/<property_id:str>/similar")
@describes(SimilarListings, CACHED, raises=(NotFound, SearchUnavailable))
async def similar(request: CasaRequest, property_id: str) -> HTTPResponse:
    """List listings similar to this one, each with the reason."""
    await limit_searches(request)
    context = request.app.ctx
    find = partial(similar_listings, context.search, context.settings.index_alias, property_id)
    found = await counting_failures(context, "similar", find)
    context.metrics.searched("similar", is_empty=not found["items"])
    return with_etag_or_304(request, reply(with_picture_urls(found, context.settings)))
