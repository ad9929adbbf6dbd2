"""Metrics for Prometheus."""

import asyncio
import hmac

from prometheus_client import CONTENT_TYPE_LATEST
from sanic import Blueprint, HTTPResponse

from schemas.errors import NotFound
from server.context import CasaRequest
from server.http.described import Content, describes
from server.telemetry.metrics import FRAMEWORK, prometheus_text

blueprint = Blueprint("metrics", url_prefix="/metrics")


@blueprint.on_request
async def admit(request: CasaRequest) -> None:
    """Answer 404 without the right token, so that the endpoint stays hidden; open if no token is set."""
    token = request.app.ctx.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "")
    if token and not hmac.compare_digest(_bytes(given), _bytes(f"Bearer {token}")):
        raise NotFound(f"Requested URL {request.path} not found")  # the message of Sanic's router


def _bytes(header: str) -> bytes:
    return header.encode("utf-8", "surrogateescape")


@blueprint.get("/")
@describes(Content("text/plain"), raises=(NotFound,))
async def everything(request: CasaRequest) -> HTTPResponse:
    """All metrics of the API's workers, and business figures."""
    context = request.app.ctx
    context.metrics.observe(context.database)
    figures = await context.figures.collect()
    return _reply(await asyncio.to_thread(lambda: prometheus_text([*context.metrics.collect(), *figures])))


@blueprint.get("/sanic")
@describes(Content("text/plain"), raises=(NotFound,))
async def framework(request: CasaRequest) -> HTTPResponse:
    """Metrics of HTTP requests only: their number, those in flight, and their latency."""
    context = request.app.ctx
    context.metrics.observe(context.database)
    return _reply(
        await asyncio.to_thread(
            lambda: prometheus_text(
                each for each in context.metrics.collect() if each.name.startswith(FRAMEWORK)
            )
        )
    )


def _reply(body: bytes) -> HTTPResponse:
    return HTTPResponse(body, headers={"cache-control": "no-store"}, content_type=CONTENT_TYPE_LATEST)
