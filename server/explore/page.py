"""Serves the page's files from `static/`; there is no build step, and nothing is loaded from other hosts."""

from mimetypes import guess_type
from pathlib import Path

from sanic import Blueprint, HTTPResponse

from schemas.errors import NotFound
from server.context import CasaRequest
from server.http.described import undocumented
from server.http.messages import with_etag_or_304

blueprint = Blueprint("explore", url_prefix="/explore")

STATIC = Path(__file__).parent / "static"
FILES = {path.name: path.read_bytes() for path in STATIC.iterdir()}
PAGE = "index.html"
HEADERS = {
    # Pictures may come from a bucket's own host; everything else comes from this one.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",  # revalidated each time; answered by 304 while unchanged
}


@blueprint.get("/")
@undocumented
async def page(request: CasaRequest) -> HTTPResponse:
    return file_reply(request, PAGE)


@blueprint.get("/<name:str>")
@undocumented
async def file(request: CasaRequest, name: str) -> HTTPResponse:
    return file_reply(request, name)


def file_reply(request: CasaRequest, name: str) -> HTTPResponse:
    if name not in FILES:
        raise NotFound("There is no such file.")
    kind, _ = guess_type(name)
    response = HTTPResponse(FILES[name], headers=dict(HEADERS), content_type=f"{kind}; charset=utf-8")
    return with_etag_or_304(request, response)
