"""Serves the contract: the document, and a page for people that loads nothing from other hosts."""

import asyncio
from functools import cache
from importlib.util import find_spec
from mimetypes import guess_type
from pathlib import Path

from sanic import Blueprint, HTTPResponse

from schemas.errors import NotFound
from server.context import CasaApp, CasaRequest
from server.http.described import undocumented
from server.http.messages import encode_json, reply_json_bytes, with_etag_or_304
from server.openapi.document import document

document_blueprint = Blueprint("contract")
page = Blueprint("docs", url_prefix="/docs")


def swagger_ui() -> Path:
    """Return the folder of Swagger UI's files; its Python code is not used, as it needs other frameworks."""
    found = find_spec("swagger_ui")
    assert found is not None, "swagger-ui-py is among the requirements"
    return Path(*found.submodule_search_locations or ()) / "static"


OWN, FOREIGN = Path(__file__).parent / "static", swagger_ui()
FILES = {
    "index.html": OWN,
    "start.js": OWN,
    "swagger-ui.css": FOREIGN,
    "swagger-ui-bundle.js": FOREIGN,
    "favicon-32x32.png": FOREIGN,
}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
}


@document_blueprint.get("/openapi.json")
@undocumented
async def show(request: CasaRequest) -> HTTPResponse:
    return with_etag_or_304(request, reply_json_bytes(await asyncio.to_thread(as_bytes, request.app)))


@cache
def as_bytes(app: CasaApp) -> bytes:
    """Return the document as bytes; built lazily and cached, because most processes never need it."""
    return encode_json(document(app))


@page.get("/")
@undocumented
async def index(request: CasaRequest) -> HTTPResponse:
    return await file_reply(request, "index.html")


@page.get("/<name:str>")
@undocumented
async def file(request: CasaRequest, name: str) -> HTTPResponse:
    return await file_reply(request, name)


async def file_reply(request: CasaRequest, name: str) -> HTTPResponse:
    if name not in FILES:
        raise NotFound("There is no such file.")
    kind, _ = guess_type(name)
    content = await asyncio.to_thread(read, name)
    return with_etag_or_304(request, HTTPResponse(content, headers=dict(HEADERS), content_type=kind))


@cache
def read(name: str) -> bytes:
    return (FILES[name] / name).read_bytes()
