"""Refuses requests by their heads: ambiguous syntax, another host, or a compressed body."""

import re

from sanic.http import Http

from schemas.errors import Unparsable, UnsupportedMediaType, UriTooLong
from server.context import CasaRequest

PLAIN = "identity"
LONGEST_URL = 8 * 1024
WELL_FORMED = re.compile(rb"[^\r\n]+(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)*")
"""A request line, then headers without a space before the colon (RFC 9112, 5.1). The framework does not
recognise `Content-Length : 33` and would read the body as the next request."""


async def check_request_head(request: CasaRequest) -> None:
    """Refuse a request by its head.

    Raises:
        Unparsable: the head is malformed or does not name one host, and the connection is closed; or the host
            is not one of `own_hosts`.
        UriTooLong: the URL is longer than 8 KiB.
        UnsupportedMediaType: the body is compressed.
    """
    if not request.head:
        return  # a request that could not be read is already answered
    if not WELL_FORMED.fullmatch(request.head):
        raise _unparsable_and_close(request, "The head of the request is not HTTP.")
    if len(request.raw_url) > LONGEST_URL:
        raise UriTooLong(f"An address may have {LONGEST_URL} bytes.")
    hosts = request.headers.getall("host", [])
    if len(hosts) != 1 and not (not hosts and request.version == "1.0"):
        raise _unparsable_and_close(request, "A request names one host.")
    own = request.app.ctx.settings.own_hosts
    if own and not own.intersection(map(_host_name, hosts)):
        raise Unparsable("The request is for another host.")
    if any(coding.strip().lower() != PLAIN for coding in request.headers.getall("content-encoding", [])):
        raise UnsupportedMediaType("Send bodies uncompressed.", headers={"accept-encoding": PLAIN})


def _host_name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).lower()


def _unparsable_and_close(request: CasaRequest, detail: str) -> Unparsable:
    if isinstance(request.stream, Http):
        request.stream.keep_alive = False
    return Unparsable(detail)
