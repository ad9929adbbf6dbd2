"""Enhancement of pictures, for admins."""

from uuid import UUID

from sanic import Blueprint, HTTPResponse

from domain.ids import read_id
from domain.pictures import picture_of
from schemas.api.admin.enhancement import Enhancement, EnhanceOptions
from schemas.errors import Conflict, NotFound
from server.auth import actor, authenticate
from server.context import CasaRequest, transaction
from server.http.described import Json, describes
from server.http.messages import read_body, read_query, reply
from services.images.enhancement import request as ask
from services.images.enhancement import revert
from services.images.intake import discard

blueprint = Blueprint("admin_enhancement", url_prefix="/api/v1/admin/images")
blueprint.on_request(authenticate)


@blueprint.post("/<image_id:str>/enhance")
@describes(
    Enhancement,
    status=202,
    query=EnhanceOptions,
    body=Json(EnhanceOptions, required=False),
    raises=(NotFound, Conflict),
)
async def enhance(request: CasaRequest, image_id: str) -> HTTPResponse:
    """Ask the AI service to enhance a picture.

    While a job is running for the picture, the answer is that job.
    """
    force = read_query(request, EnhanceOptions).force
    if request.body:
        force = read_body(request, EnhanceOptions).force or force
    async with transaction(request.app.ctx) as session:
        asked = await ask(session, actor(request), _key(image_id), force=force)
    await request.app.ctx.queue.enqueue_enhancement(asked["image_id"])
    return reply(asked, 202)


@blueprint.delete("/<image_id:str>/enhancement")
@describes(Enhancement, raises=(NotFound,))
async def undo(request: CasaRequest, image_id: str) -> HTTPResponse:
    """Revert to the original picture, even while an enhancement is in progress."""
    async with transaction(request.app.ctx) as session:
        reverted, enhanced_url = await revert(session, actor(request), _key(image_id))
    await discard(request.app.ctx.media, [picture_of(enhanced_url)])
    return reply(reverted)


def _key(image_id: str) -> UUID:
    key = read_id(image_id)
    if key is None:
        raise NotFound("There is no such picture.")
    return key
