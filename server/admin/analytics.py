"""The business in figures."""

from datetime import UTC, date, datetime, timedelta

from sanic import Blueprint, HTTPResponse

from schemas.api.analytics import MOST_DAYS, Summary, SummaryRequest
from server.auth import authenticate
from server.context import CasaRequest, transaction
from server.http import read_query, reply
from services.lead_summary import summarise_leads

blueprint = Blueprint("admin_analytics", url_prefix="/api/v1/admin/analytics")
blueprint.on_request(authenticate)

USUAL_DAYS = 30


@blueprint.get("/summary")
async def summary(request: CasaRequest) -> HTTPResponse:
    """One section for each part of the business, all of the same days."""
    wanted = read_query(request, SummaryRequest)
    since, until = period(wanted, datetime.now(UTC).date())
    async with transaction(request.app.ctx) as session:
        inquiries = await summarise_leads(session, since, until)
    return reply(Summary(since=since, until=until, inquiries=inquiries))


def period(wanted: SummaryRequest, today: date) -> tuple[date, date]:
    """The last thirty days, unless the request says where to begin or to end."""
    if wanted.until is None and wanted.since is not None:
        return wanted.since, max(wanted.since, min(today, wanted.since + timedelta(days=MOST_DAYS - 1)))
    until = wanted.until or today
    return wanted.since or until - timedelta(days=USUAL_DAYS - 1), until
