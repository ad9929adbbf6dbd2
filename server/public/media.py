"""Pictures that are kept in a directory; those of a bucket are fetched from there."""

from pathlib import PurePosixPath

from sanic import Blueprint, HTTPResponse

from domain.pictures import ROOT
from schemas.errors import MediaUnavailable, NotFound
from server.context import CasaRequest
from server.described import CACHED, Content, describes
from server.http import unless_known
from stores.media import CACHING

blueprint = Blueprint("media", url_prefix="/media")

TYPES = {".webp": "image/webp"}
"""By the name and never by the content: a file of another kind is not served at all."""
CONFINED = {
    # Somebody who opens a picture by itself gets a picture, whatever is in it.
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}
DRAWINGS = "public, max-age=3600"
"""Those of the demo are drawn again under the same name."""


@blueprint.get("/<key:path>")
@describes(Content("image/webp"), CACHED, raises=(NotFound, MediaUnavailable))
async def show(request: CasaRequest, key: str) -> HTTPResponse:
    """A picture, where pictures are kept in a directory."""
    context, name = request.app.ctx, PurePosixPath(key)
    if context.settings.media_directory is None or name.suffix not in TYPES:
        raise NotFound("There is no such file.")
    content = await context.media.get(key)
    headers = CONFINED | {
        "cache-control": CACHING if key.startswith(ROOT) else DRAWINGS,
        "content-disposition": f'inline; filename="{name.name}"',
    }
    return unless_known(request, HTTPResponse(content, headers=headers, content_type=TYPES[name.suffix]))
