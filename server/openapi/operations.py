"""The operations of an application: its routes with the descriptions of server/http/described.py."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sanic_routing import Route

from schemas.errors import (
    CasaError,
    DatabaseUnavailable,
    DeadlineExceeded,
    Forbidden,
    InvalidRequest,
    Overloaded,
    PasswordChangeRequired,
    PayloadTooLarge,
    TooManyRequests,
    Unauthorized,
    Unparsable,
    UriTooLong,
)
from server.auth import authenticate, authenticate_owner, authenticate_super_admin
from server.context import CasaApp
from server.http.described import KEPT_AS, Content, Description

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""HEAD and OPTIONS follow from these."""

ALWAYS = (TooManyRequests, Overloaded, DatabaseUnavailable, DeadlineExceeded)
"""Errors that any operation may return: rate limits, overload, outages and deadlines."""

PARAMETER = re.compile(r"<(\w+):\w+>")


@dataclass(frozen=True)
class Operation:
    """A method of a route."""

    method: str
    route: str
    handler: Any
    guards: frozenset[Any]
    """Request middleware of the route."""
    declared: Description

    @property
    def path(self) -> str:
        return "/" + PARAMETER.sub(r"{\1}", self.route)

    @property
    def parameters(self) -> list[str]:
        """Names of the path parameters."""
        return PARAMETER.findall(self.route)

    @property
    def tag(self) -> str:
        """The module's name: `admin_users` for `server.admin.users`, `search` for `server.public.search`."""
        return str(self.handler.__module__).removeprefix("server.").removeprefix("public.").replace(".", "_")

    @property
    def id(self) -> str:
        return f"{self.tag}_{self.handler.__name__}"

    @property
    def summary(self) -> str:
        return self._words()[0].removesuffix(".")

    @property
    def description(self) -> str:
        return self._words()[1]

    def _words(self) -> tuple[str, str]:
        first, _, more = (inspect.getdoc(self.handler) or "").partition("\n\n")
        return " ".join(first.split()), " ".join(more.split())

    @property
    def is_private(self) -> bool:
        return bool(self.guards & {authenticate, authenticate_owner, authenticate_super_admin})

    @property
    def errors(self) -> frozenset[type[CasaError]]:
        """Errors that the handler names, and those that follow from the rest of its description."""
        found = {*ALWAYS, *self.declared.raises}
        if self.is_private:
            found.add(Unauthorized)
        if self.is_private and authenticate_owner not in self.guards:
            found.add(PasswordChangeRequired)
        if authenticate_super_admin in self.guards:
            found.add(Forbidden)
        if self.declared.query is not None:
            # A URL beyond its limit is 414; beyond the limit of a request's head it is 413.
            found |= {InvalidRequest, PayloadTooLarge, Unparsable, UriTooLong}
        if self.declared.body is not None:
            found.update(self.declared.body.raises)
        return frozenset(found.union(*(convention.raises for convention in self.declared.conventions)))

    def requests(self) -> Iterator[Any]:
        """Yield the shapes of requests."""
        body = self.declared.body
        yield from filter(
            None, (self.declared.query, getattr(body, "shape", None), getattr(body, "fields", None))
        )

    def answers(self) -> Iterator[Any]:
        """Yield the shapes of answers."""
        for shape in self.declared.answers.values():
            if shape is not None and not isinstance(shape, Content):
                yield shape


def operations(app: CasaApp) -> list[Operation]:
    """Return every operation of the contract, ordered by path."""
    found = [
        _operation(app, route, method)
        for route in app.router.routes
        for method in METHODS
        if method in route.methods and getattr(route.handler, KEPT_AS, None) is not None
    ]
    return sorted(found, key=lambda operation: (operation.path, METHODS.index(operation.method)))


def undescribed(app: CasaApp) -> list[str]:
    """Return handlers that are neither described nor marked with `undocumented`."""
    handlers = (route.handler for route in app.router.routes if route.methods & set(METHODS))
    return [f"{each.__module__}.{each.__name__}" for each in handlers if not hasattr(each, KEPT_AS)]


def _operation(app: CasaApp, route: Route, method: str) -> Operation:
    return Operation(
        method=method,
        route=route.path,
        handler=route.handler,
        guards=frozenset(middleware.func for middleware in app.named_request_middleware.get(route.name, ())),
        declared=cast("Description", getattr(route.handler, KEPT_AS)),
    )
