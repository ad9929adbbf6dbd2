"""Finds the errors that a handler may raise: those named in it and in the code it calls, at any depth."""

import inspect
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any, get_type_hints

from schemas.errors import CasaError
from server.context import Context
from stores import media

OURS = (
    "domain",
    "imaging",
    "indexer",
    "runtime",
    "schemas",
    "search",
    "server",
    "services",
    "stores",
    "tasks",
)
REACHED_BY_CONTEXT = get_type_hints(Context) | {"media": media}
"""Attribute of the context -> its declared type; media has several implementations, so its module is used."""


def errors_below(handler: Callable[..., Any]) -> set[type[CasaError]]:
    seen: set[int] = set()
    found: set[type[CasaError]] = set()
    waiting: list[Any] = [handler]
    while waiting:
        reached = waiting.pop()
        if id(reached) in seen or not _is_ours(reached):
            continue
        seen.add(id(reached))
        if inspect.isclass(reached) and issubclass(reached, CasaError):
            found.add(reached)
        elif inspect.isclass(reached) or inspect.ismodule(reached):
            waiting += vars(reached).values()
        elif inspect.isfunction(inspect.unwrap(reached)):
            function = inspect.unwrap(reached)
            waiting += _named(function.__code__, function.__globals__)
    return found


def _is_ours(reached: Any) -> bool:
    name = reached.__name__ if inspect.ismodule(reached) else getattr(reached, "__module__", None) or ""
    return name.partition(".")[0] in OURS


def _named(code: CodeType, scope: dict[str, Any]) -> Iterator[Any]:
    """Yield what the code names: globals, attributes of modules, and types of the context's attributes."""
    named = {name: scope[name] for name in code.co_names if name in scope}
    modules = [each for each in named.values() if isinstance(each, ModuleType)]
    yield from (each for each in named.values() if not isinstance(each, ModuleType))
    for name in code.co_names:
        yield from (getattr(module, name) for module in modules if hasattr(module, name))
        if name in REACHED_BY_CONTEXT:
            yield REACHED_BY_CONTEXT[name]
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _named(inner, scope)
