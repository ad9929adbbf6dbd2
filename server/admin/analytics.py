"""Business figures: leads, views, searches, enhancement of pictures, and unmet demand."""

from datetime import UTC, date, datetime, timedelta

from sanic import Blueprint, HTTPResponse

from schemas.api.admin.analytics import MOST_DAYS, Summary, SummaryRequest, UnmetDemand, UnmetDemandRequest
from server.auth import authenticate
from server.context import CasaRequest, transaction
from server.http.described import describes
from server.http.messages import read_query, reply
from services.analytics.event_summary import summarise_searches, summarise_views
from services.analytics.unmet_demand import FEWEST_SESSIONS, unmet_demand
from services.images.enhancement_queue import show_queue
from services.leads.summary import summarise_leads

blueprint = Blueprint("admin_analytics", url_prefix="/api/v1/admin/analytics")
blueprint.on_request(authenticate)

USUAL_DAYS = 30


@blueprint.get("/summary")
@describes(Summary, query=SummaryRequest)
async def summary(request: CasaRequest) -> HTTPResponse:
    """Summarise inquiries, views, searches and enhancement.

    The first three cover the days asked for. Enhancement is the state of its queue now.
    """
    wanted = read_query(request, SummaryRequest)
    since, until = period(wanted, datetime.now(UTC).date())
    async with transaction(request.app.ctx) as session:
        found = Summary(
            since=since,
            until=until,
            inquiries=await summarise_leads(session, since, until),
            views=await summarise_views(session, since, until),
            searches=await summarise_searches(session, since, until),
            enhancement=await show_queue(session),
        )
    return reply(found)


@blueprint.get("/unmet-demand")
@describes(UnmetDemand, query=UnmetDemandRequest)
async def unmet(request: CasaRequest) -> HTTPResponse:
    """List what visitors searched for and hardly found, grouped by criteria.

    Groups with fewer than `fewest_sessions` visits are left out.
    """
    wanted = read_query(request, UnmetDemandRequest)
    since, until = period(wanted, datetime.now(UTC).date())
    async with transaction(request.app.ctx) as session:
        items = await unmet_demand(session, wanted, since, until)
    return reply(UnmetDemand(since=since, until=until, fewest_sessions=FEWEST_SESSIONS, items=items))


def period(wanted: SummaryRequest, today: date) -> tuple[date, date]:
    """Return the first and last day asked for; the last 30 days by default."""
    if wanted.until is None and wanted.since is not None:
        return wanted.since, max(wanted.since, min(today, wanted.since + timedelta(days=MOST_DAYS - 1)))
    until = wanted.until or today
    return wanted.since or until - timedelta(days=USUAL_DAYS - 1), until
