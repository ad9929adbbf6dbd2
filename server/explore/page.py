"""Serves the page's files: those of `static/`, and the names of the facets.

There is no build step, and nothing is loaded from other hosts. `static/views/` holds the parts that draw
something. They use the files beside the folder, never the reverse; only `main.js` puts them together.
"""

from mimetypes import guess_type
from pathlib import Path

import orjson
from sanic import Blueprint, HTTPResponse

from schemas.errors import NotFound
from search.answers.facets import FACETS
from server.context import CasaRequest
from server.http.described import undocumented
from server.http.messages import with_etag_or_304

blueprint = Blueprint("explore", url_prefix="/explore")

STATIC = Path(__file__).parent / "static"
NAMES = orjson.dumps({facet: facts.label for facet, facts in FACETS.items()}, option=orjson.OPT_NON_STR_KEYS)
FILES = {
    path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.is_file()
} | {
    "facet_names.js": b"/** The facets in the order of the page, and what they are called. */\n\n"
    b"export const NAMES = " + NAMES + b";\n",
}
"""Read at the start: what a request names is looked up here and never on the disk.

The last file follows from the table of facets.
"""
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


@blueprint.get("/views/<name:str>")
@undocumented
async def view(request: CasaRequest, name: str) -> HTTPResponse:
    return file_reply(request, f"views/{name}")


def file_reply(request: CasaRequest, name: str) -> HTTPResponse:
    if name not in FILES:
        raise NotFound("There is no such file.")
    kind, _ = guess_type(name)
    response = HTTPResponse(FILES[name], headers=dict(HEADERS), content_type=f"{kind}; charset=utf-8")
    return with_etag_or_304(request, response)
