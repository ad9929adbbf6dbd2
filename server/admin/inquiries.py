"""Leads for admins: list, detail, status, assignment, spam, notes, CSV export, and personal data."""

from datetime import UTC, datetime
from uuid import UUID

from sanic import Blueprint, HTTPResponse

from domain.ids import read_id
from schemas.api.admin.privacy import ErasureReceipt, PersonalData
from schemas.api.inquiries import (
    Assignment,
    Erasure,
    InquiryEventView,
    InquiryFilters,
    InquiryList,
    InquiryListRequest,
    InquiryView,
    Note,
    SpamMark,
    StatusChange,
)
from schemas.errors import Conflict, NotFound
from server.auth import actor, authenticate, authenticate_super_admin, principal
from server.context import CasaRequest, transaction
from server.http.described import ATTACHED, CSV, describes
from server.http.messages import read_body, read_query, reply, send_csv
from services.leads import exports as lead_exports
from services.leads import handling as leads
from services.leads import lists as lead_lists
from services.leads import privacy

blueprint = Blueprint("admin_inquiries", url_prefix="/api/v1/admin/inquiries")
blueprint.on_request(authenticate)

# Next to the list's path, not below it, so that a file's name cannot be taken for an id.
files = Blueprint("admin_inquiry_files", url_prefix="/api/v1/admin")
files.on_request(authenticate)

personal_data = Blueprint("admin_personal_data", url_prefix="/api/v1/admin/inquiries")
personal_data.on_request(authenticate_super_admin)


@blueprint.get("/")
@describes(InquiryList, query=InquiryListRequest)
async def index(request: CasaRequest) -> HTTPResponse:
    """List leads, with contact data masked."""
    wanted = read_query(request, InquiryListRequest).asked_by(principal(request).id)
    async with transaction(request.app.ctx) as session:
        return reply(await lead_lists.list_leads(session, wanted))


@blueprint.post("/search")
@describes(InquiryList, body=InquiryListRequest)
async def search(request: CasaRequest) -> HTTPResponse:
    """List leads by filters in the body.

    Use it to search by name or phone number, which should not appear in URLs, logs and browser histories.
    """
    wanted = read_body(request, InquiryListRequest).asked_by(principal(request).id)
    async with transaction(request.app.ctx) as session:
        return reply(await lead_lists.list_leads(session, wanted))


@blueprint.get("/<inquiry_id:str>")
@describes(InquiryView, raises=(NotFound,))
async def show(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Show a lead in full.

    Contact data is not masked here; the audit records who saw it.
    """
    async with transaction(request.app.ctx) as session:
        return reply(await leads.view_lead(session, actor(request), _key(inquiry_id)))


@blueprint.patch("/<inquiry_id:str>/status")
@describes(InquiryView, body=StatusChange, raises=(NotFound, Conflict))
async def move(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Move a lead to another status, or mark it as lost."""
    wanted = read_body(request, StatusChange)
    async with transaction(request.app.ctx) as session:
        return reply(await leads.move_lead(session, actor(request), _key(inquiry_id), wanted))


@blueprint.patch("/<inquiry_id:str>/assignment")
@describes(InquiryView, body=Assignment, raises=(NotFound, Conflict))
async def assign(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Assign a lead to an admin, or unassign it."""
    wanted = read_body(request, Assignment)
    async with transaction(request.app.ctx) as session:
        return reply(await leads.assign_lead(session, actor(request), _key(inquiry_id), wanted))


@blueprint.patch("/<inquiry_id:str>/spam")
@describes(InquiryView, body=SpamMark, raises=(NotFound, Conflict))
async def mark(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Mark a lead as spam or not spam."""
    wanted = read_body(request, SpamMark)
    async with transaction(request.app.ctx) as session:
        return reply(await leads.mark_spam(session, actor(request), _key(inquiry_id), wanted))


@blueprint.post("/<inquiry_id:str>/notes")
@describes(InquiryEventView, status=201, body=Note, raises=(NotFound, Conflict))
async def note(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Add a note to a lead."""
    wanted = read_body(request, Note)
    async with transaction(request.app.ctx) as session:
        return reply(await leads.add_note(session, actor(request), _key(inquiry_id), wanted), status=201)


@files.get("/inquiries.csv")
@describes(CSV, ATTACHED, query=InquiryFilters)
async def download(request: CasaRequest) -> None:
    """Export all leads that match the filters as CSV.

    Contact data is not masked. The export is audited, and its rows are streamed.
    """
    wanted = read_query(request, InquiryFilters).asked_by(principal(request).id)
    async with transaction(request.app.ctx) as session:
        await lead_exports.record_export(session, actor(request), wanted)
    name = f"inquiries-{datetime.now(UTC):%Y-%m-%d}.csv"
    async with transaction(request.app.ctx) as session:
        await send_csv(request, name, lead_exports.export_leads(session, wanted))


@personal_data.get("/<inquiry_id:str>/export")
@describes(PersonalData, raises=(NotFound,))
async def export(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Export all data stored about the person behind a lead."""
    async with transaction(request.app.ctx) as session:
        return reply(await privacy.export_person(session, actor(request), _key(inquiry_id)))


@personal_data.post("/<inquiry_id:str>/erase")
@describes(ErasureReceipt, body=Erasure, raises=(NotFound,))
async def erase(request: CasaRequest, inquiry_id: str) -> HTTPResponse:
    """Erase the personal data of the person behind a lead from all of their leads."""
    wanted = read_body(request, Erasure)
    async with transaction(request.app.ctx) as session:
        return reply(await privacy.erase_person(session, actor(request), _key(inquiry_id), wanted.reason))


def _key(inquiry_id: str) -> UUID:
    key = read_id(inquiry_id)
    if key is None:
        raise leads.no_such_lead()
    return key
