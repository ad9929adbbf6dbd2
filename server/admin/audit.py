"""The audit: who changed what, for super_admins."""

from sanic import Blueprint, HTTPResponse

from schemas.api.admin.audit import AuditEntry, AuditRequest
from schemas.api.lists import Items
from server.auth import authenticate_super_admin
from server.context import CasaRequest, transaction
from server.http.described import describes
from server.http.messages import read_query, reply
from services.audit_list import list_audit

blueprint = Blueprint("admin_audit", url_prefix="/api/v1/admin/audit")
blueprint.on_request(authenticate_super_admin)


@blueprint.get("/")
@describes(Items[AuditEntry], query=AuditRequest)
async def index(request: CasaRequest) -> HTTPResponse:
    """List audited changes, newest first."""
    wanted = read_query(request, AuditRequest)
    async with transaction(request.app.ctx) as session:
        return reply(await list_audit(session, wanted))
