"""CSV export of properties, for admins."""

from sanic import Blueprint

from server.auth import authenticate
from server.context import CasaRequest
from server.http.described import ATTACHED, CSV, describes
from server.http.messages import read_query
from services.properties.export import ExportRequest, export_properties

blueprint = Blueprint("admin_exports", url_prefix="/api/v1/admin")
blueprint.on_request(authenticate)


@blueprint.get("/properties.csv")
@describes(CSV, ATTACHED, query=ExportRequest)
async def properties(request: CasaRequest) -> None:
    """Export all matching properties from one snapshot, in the columns that an import can read."""
    wanted = read_query(request, ExportRequest)
    answer = await request.respond(
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="properties.csv"'},
    )
    async for piece in export_properties(request.app.ctx.database, wanted):
        await answer.send(piece)
    await answer.eof()
