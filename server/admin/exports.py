"""CSV export of properties, for admins."""

from sanic import Blueprint

from server.auth import authenticate
from server.context import CasaRequest
from server.http.described import ATTACHED, CSV, describes
from server.http.messages import read_query, send_csv
from services.properties.export import ExportRequest, export_properties

blueprint = Blueprint("admin_exports", url_prefix="/api/v1/admin")
blueprint.on_request(authenticate)


@blueprint.get("/properties.csv")
@describes(CSV, ATTACHED, query=ExportRequest)
async def properties(request: CasaRequest) -> None:
    """Export all matching properties from one snapshot, in the columns that an import can read."""
    wanted = read_query(request, ExportRequest)
    await send_csv(request, "properties.csv", export_properties(request.app.ctx.database, wanted))
