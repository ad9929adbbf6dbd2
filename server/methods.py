"""The methods that follow from those of the routes: HEAD from GET, OPTIONS from any."""

from collections.abc import Iterable
from http import HTTPMethod
from typing import Any

from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed, NotFound
from sanic.router import Router
from sanic_routing import Route

from server.context import CasaRequest


class Routes(Router):
    """Whatever may be got may be asked for its head (RFC 9110, 9.1); the framework leaves out the body."""

    def add(  # type: ignore[override]  # Sanic's own differs from that of its router
        self, uri: str, methods: Iterable[str], *more: Any, **options: Any
    ) -> Route | list[Route]:
        return super().add(uri, {*methods, "HEAD"} if "GET" in methods else methods, *more, **options)


def allowed_methods(request: Request[Any, Any]) -> list[str]:
    """What may be asked of this path, for `Allow`; nothing where nothing is."""
    found = [method.value for method in HTTPMethod if _is_routed(request, method.value)]
    return sorted({*found, "OPTIONS"}) if found else []


def _is_routed(request: Request[Any, Any], method: str) -> bool:
    """The router says by itself what is allowed only where a path has no parameters."""
    try:
        request.app.router.get(request.path, method, request.headers.get("host"))
    except (NotFound, MethodNotAllowed):
        return False
    return True


async def answer_options(request: CasaRequest) -> HTTPResponse | None:
    """What a path allows, said without asking who wants to know; the router refuses what is nowhere."""
    allowed = allowed_methods(request) if request.method == "OPTIONS" else []
    return HTTPResponse(status=204, headers={"allow": ", ".join(allowed)}) if allowed else None
