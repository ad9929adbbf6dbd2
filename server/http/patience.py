"""Deadlines of handlers, by endpoint.

A visitor's request has a few seconds, an admin's has more. A request past its deadline is cancelled
wherever it is. Its queries to the engine and Postgres end with it, and its changes are made in full or not
at all. The time starts after the body was read, which has its own deadlines in server/http/protocol.py.

File uploads and exports have no deadline: an upload is read within the handler, and an export takes as long
as its reader's connection is slow. Each of their steps is bounded instead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import structlog
from sanic_routing import Route

from runtime.deadlines import ending_in
from schemas.errors import DeadlineExceeded
from schemas.settings import Settings
from server.context import CasaApp, CasaRequest
from server.http.described import ATTACHED, AWAITED, KEPT_AS, Description, Upload
from server.http.preconditions import LONGEST_WAIT_S

ADMIN_PREFIXES = ("api/v1/admin/", "api/v1/auth/", "api/v1/webhooks/")
"""Paths with the longer deadline. Logins queue for password hashing; webhooks wait for locks on a picture."""
Handler = Callable[..., Awaitable[Any]]
log = structlog.get_logger(component="server")


def set_deadlines(app: CasaApp) -> None:
    """Wrap every handler of an application with its deadline."""
    for route in app.router.routes:
        seconds = deadline_s(route, app.ctx.settings)
        if seconds is not None:
            route.handler = with_deadline(route.handler, seconds)


def deadline_s(route: Route, settings: Settings) -> float | None:
    said: Description | None = getattr(route.handler, KEPT_AS, None)
    conventions = () if said is None else said.conventions
    if ATTACHED in conventions or (said is not None and isinstance(said.body, Upload)):
        return None
    seconds = (
        settings.admin_deadline_s if route.path.startswith(ADMIN_PREFIXES) else settings.public_deadline_s
    )
    return seconds + LONGEST_WAIT_S if AWAITED in conventions else seconds


def with_deadline(handler: Handler, seconds: float) -> Handler:
    @wraps(handler)
    async def bounded(request: CasaRequest, *arguments: Any, **named: Any) -> Any:
        try:
            with ending_in(seconds):
                async with asyncio.timeout(seconds) as limit:
                    return await handler(request, *arguments, **named)
        except Exception as error:
            if not limit.expired():
                raise
            route = request.uri_template
            log.warning("request_given_up", request_id=request.id, route=route, after_s=seconds)
            raise DeadlineExceeded("This took too long just now; try again in a moment.") from error

    return bounded
