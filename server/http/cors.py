"""CORS: which pages of other origins may call this API from a browser, and what they may read of answers."""

from sanic import HTTPResponse
from sanic.response import BaseHTTPResponse

from server.context import CasaRequest

MAY_SEND = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-ID,"
    " X-Session-ID"
)
MAY_READ = (
    "ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy,"
    " Retry-After, X-Request-ID"
)
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
KEPT_S = 600
"""Seconds that browsers cache a preflight; short, so that removing an allowed origin soon has effect."""


def is_allowed(request: CasaRequest) -> bool:
    """Whether the origin is on the list, compared exactly; `null` and similar origins are refused."""
    return request.headers.get("origin", "") in request.app.ctx.settings.allowed_origins


async def answer_preflight(request: CasaRequest) -> HTTPResponse | None:
    """Answer a browser's CORS preflight; an answer without an allowed origin means no."""
    if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
        return None
    granted = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": MAY_SEND,
        "access-control-max-age": str(KEPT_S),
    }
    return HTTPResponse(status=204, headers=granted if is_allowed(request) else {})


async def add_cors_headers(request: CasaRequest, response: BaseHTTPResponse) -> None:
    """Add CORS headers; they allow no credentials, because tokens are sent in a header and not in cookies."""
    response.headers["vary"] = ", ".join(filter(None, [response.headers.get("vary"), "Origin"]))
    if is_allowed(request):
        response.headers["access-control-allow-origin"] = request.headers["origin"]
        response.headers["access-control-expose-headers"] = MAY_READ
