"""Adds the methods that follow from those of the routes: HEAD for GET, and OPTIONS for any."""

from collections.abc import Iterable
from http import HTTPMethod
from typing import Any

from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed, NotFound
from sanic.router import Router
from sanic_routing import Route

from server.context import CasaRequest


class Routes(Router):
    """Every route with GET also accepts HEAD (RFC 9110, 9.1); the framework leaves out the body."""

    def add(  # type: ignore[override]  # Sanic's signature differs from its base class
        self, uri: str, methods: Iterable[str], *more: Any, **options: Any
    ) -> Route | list[Route]:
        return super().add(uri, {*methods, "HEAD"} if "GET" in methods else methods, *more, **options)


def allowed_methods(request: Request[Any, Any]) -> list[str]:
    """Return the methods of this path for `Allow`; an empty list if no route matches."""
    found = [method.value for method in HTTPMethod if _is_routed(request, method.value)]
    return sorted({*found, "OPTIONS"}) if found else []


def _is_routed(request: Request[Any, Any], method: str) -> bool:
    """Whether a route matches; the router lists allowed methods only for paths without parameters."""
    try:
        request.app.router.get(request.path, method, request.headers.get("host"))
    except (NotFound, MethodNotAllowed):
        return False
    return True


async def answer_options(request: CasaRequest) -> HTTPResponse | None:
    """Answer OPTIONS with the allowed methods, without authentication; the router refuses unknown paths."""
    allowed = allowed_methods(request) if request.method == "OPTIONS" else []
    return HTTPResponse(status=204, headers={"allow": ", ".join(allowed)}) if allowed else None
