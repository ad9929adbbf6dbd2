"""Heads of requests that nobody can act on: read in two ways, for another host, of a body that is packed."""

import re

from sanic.http import Http

from schemas.errors import Unparsable, UnsupportedMediaType, UriTooLong
from server.context import CasaRequest

PLAIN = "identity"
LONGEST_URL = 8 * 1024
WELL_FORMED = re.compile(rb"[^\r\n]+(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)*")
"""A request line, then names right before their colons: RFC 9112, 5.1. `Content-Length : 33` is no length
to the framework, which would take the body for the next request."""


async def refuse_strange_heads(request: CasaRequest) -> None:
    """Raises Unparsable, after which the connection is closed, UriTooLong and UnsupportedMediaType."""
    if not request.head:
        return  # what could not be read at all has its answer already
    if not WELL_FORMED.fullmatch(request.head):
        raise _closing(request, "The head of the request is not HTTP.")
    if len(request.raw_url) > LONGEST_URL:
        raise UriTooLong(f"An address may have {LONGEST_URL} bytes.")
    hosts = request.headers.getall("host", [])
    if len(hosts) != 1 and not (not hosts and request.version == "1.0"):
        raise _closing(request, "A request names one host.")
    own = request.app.ctx.settings.own_hosts
    if own and not own.intersection(map(_name, hosts)):
        raise Unparsable("The request is for another host.")
    if any(coding.strip().lower() != PLAIN for coding in request.headers.getall("content-encoding", [])):
        raise UnsupportedMediaType("Send bodies uncompressed.", headers={"accept-encoding": PLAIN})


def _name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).lower()


def _closing(request: CasaRequest, detail: str) -> Unparsable:
    if isinstance(request.stream, Http):
        request.stream.keep_alive = False
    return Unparsable(detail)
