"""Assembles the web application."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from sanic import Sanic
from sanic.config import Config
from sanic.http import Http
from sanic.response import BaseHTTPResponse

from domain.security.addresses import digest_of_today
from schemas.settings import Settings
from server.addresses import client_network
from server.admin import analytics, audit, enhancement, exports, images, imports, users
from server.admin import inquiries as admin_inquiries
from server.admin import properties as admin_properties
from server.context import CasaApp, CasaRequest, close_context, open_context
from server.explore import page
from server.http.cors import add_cors_headers, answer_preflight
from server.http.methods import Routes, answer_options
from server.http.patience import set_deadlines
from server.http.problems import ProblemHandler
from server.http.protocol import ANSWER_S
from server.http.request_head import check_request_head
from server.openapi import pages as openapi_pages
from server.public import accounts, health, inquiries, localities, market, media, metrics, properties, search
from server.webhooks import enhancement as enhancement_webhook

PUBLIC = (
    health.blueprint,
    metrics.blueprint,
    search.blueprint,
    properties.blueprint,
    localities.blueprint,
    market.blueprint,
    media.blueprint,
    accounts.blueprint,
    accounts.own_account,
    inquiries.blueprint,
)
ADMIN = (
    users.blueprint,
    users.colleagues,
    audit.blueprint,
    imports.blueprint,
    exports.blueprint,
    analytics.blueprint,
    admin_inquiries.blueprint,
    admin_inquiries.files,
    admin_inquiries.personal_data,
    admin_properties.blueprint,
    images.album,
    images.blueprint,
    enhancement.blueprint,
)
BLUEPRINTS = (
    *PUBLIC,
    *ADMIN,
    enhancement_webhook.blueprint,
    page.blueprint,
    openapi_pages.document_blueprint,
)

LARGEST_HEAD = 16 * 1024
SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
ALWAYS_TLS = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
"""Sent in production only, where a proxy terminates TLS."""
log = structlog.get_logger(component="server")


def create_app(settings: Settings, name: str = "casabricks") -> CasaApp:
    """Create the application; a process that runs two of them gives each its own name."""
    app: CasaApp = Sanic(
        name,
        config=framework_config(settings),
        ctx=open_context(settings),
        request_class=cast("Any", CasaRequest),  # Sanic's annotation drops the context's type
        router=Routes(),
        error_handler=ProblemHandler(),
        configure_logging=False,
    )
    for blueprint in BLUEPRINTS:
        app.blueprint(blueprint)
    if settings.serve_docs:
        app.blueprint(openapi_pages.page)
    set_deadlines(app)
    app.register_middleware(start_timer, "request")
    app.register_middleware(check_request_head, "request")
    app.register_middleware(answer_preflight, "request")
    app.register_middleware(answer_options, "request")
    app.register_middleware(finish_response, "response")
    app.register_middleware(add_cors_headers, "response")
    app.register_listener(start_journals, "before_server_start")
    app.register_listener(stop_traffic, "before_server_stop")
    app.register_listener(close_stores, "after_server_stop")
    return app


def framework_config(settings: Settings) -> Config:
    return Config(
        {
            "REQUEST_MAX_SIZE": settings.max_json_bytes,
            "REQUEST_MAX_HEADER_SIZE": LARGEST_HEAD,
            # server/http/protocol.py enforces the deadlines; a framework timer as short would cut it off
            "REQUEST_TIMEOUT": 3 * settings.header_deadline_s + ANSWER_S,
            "GRACEFUL_SHUTDOWN_TIMEOUT": settings.graceful_shutdown_s,
            "ACCESS_LOG": False,  # `finish_response` writes a more useful one
            "MOTD": False,
            "OAS": False,
            "AUTO_EXTEND": False,
        }
    )


async def start_timer(request: CasaRequest) -> None:
    request.ctx.started = time.perf_counter()
    request.app.ctx.metrics.began()


PRIVATE = ("/api/v1/admin/", "/api/v1/auth/", "/api/v1/inquiries", "/api/v1/webhooks/")
"""Paths whose answers must not be stored by any cache."""


async def finish_response(request: CasaRequest, response: BaseHTTPResponse) -> None:
    """Add the common headers, including the request id, and record the request in metrics, traces and log."""
    is_production = request.app.ctx.settings.environment == "production"
    headers = SAFE_HEADERS | (ALWAYS_TLS if is_production else {}) | {"x-request-id": request.id}
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if request.app.ctx.stopping.is_set() and isinstance(request.stream, Http):
        request.stream.keep_alive = False  # so that the client's next request goes elsewhere
    if request.path.startswith(PRIVATE):
        response.headers["cache-control"] = "no-store"
    started, route = getattr(request.ctx, "started", None), request.uri_template
    seconds = None if started is None else time.perf_counter() - started
    context = request.app.ctx
    context.metrics.answered(request.method, route, response.status, seconds)
    context.observer.answered(request.method, route, response.status, seconds, request.headers)
    log.info(
        "request",
        request_id=request.id,
        method=request.method,
        route=route,
        status=response.status,
        ms=None if seconds is None else round(seconds * 1000, 1),
        client=digest_of_today(
            client_network(request), context.keys_for("addresses in logs")[0], datetime.now(UTC)
        ),
    )


async def start_journals(app: CasaApp) -> None:
    app.ctx.observer.begin()
    app.ctx.search_log.begin()
    app.ctx.view_log.begin()
    app.add_task(app.ctx.metrics.keep_observing(app.ctx.database, app.ctx.stopping))


async def stop_traffic(app: CasaApp) -> None:
    """Report not ready, keep serving while load balancers notice, then let idle connections close."""
    app.ctx.stopping.set()
    await asyncio.sleep(app.ctx.settings.shutdown_delay_s)
    app.ctx.closing.set()


async def close_stores(app: CasaApp) -> None:
    await close_context(app.ctx)
