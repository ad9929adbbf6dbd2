"""Pictures that are stored in a directory; pictures in a bucket are fetched from the bucket."""

from pathlib import PurePosixPath

from sanic import Blueprint, HTTPResponse

from domain.pictures import ROOT
from schemas.errors import MediaUnavailable, NotFound
from server.context import CasaRequest
from server.http.described import CACHED, Content, describes
from server.http.messages import with_etag_or_304
from stores.media import CACHING

blueprint = Blueprint("media", url_prefix="/media")

TYPES = {".webp": "image/webp"}
"""Media types by suffix, never by content; files with other suffixes are not served."""
CONFINED = {
    # A picture opened directly in a browser is shown as a picture, even if it contains scripts.
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}
DRAWINGS = "public, max-age=3600"
"""Caching of the demo's pictures, which are redrawn under the same names."""


@blueprint.get("/<key:path>")
@describes(Content("image/webp"), CACHED, raises=(NotFound, MediaUnavailable))
async def show(request: CasaRequest, key: str) -> HTTPResponse:
    """Show a picture that is stored in a directory."""
    context, name = request.app.ctx, PurePosixPath(key)
    if context.settings.media_directory is None or name.suffix not in TYPES:
        raise NotFound("There is no such file.")
    content = await context.media.get(key)
    headers = CONFINED | {
        "cache-control": CACHING if key.startswith(ROOT) else DRAWINGS,
        "content-disposition": f'inline; filename="{name.name}"',
    }
    return with_etag_or_304(request, HTTPResponse(content, headers=headers, content_type=TYPES[name.suffix]))
