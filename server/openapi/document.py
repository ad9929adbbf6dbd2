"""The contract: the OpenAPI 3.1 document of an application."""

import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from openapi_pydantic.v3.v3_1 import OpenAPI

from schemas.api.problems import Problem
from server.context import CasaApp
from server.openapi.operations import Operation, operations
from server.openapi.shapes import Shapes
from server.openapi.writer import Writer

ABOUT = """\
The backend of a property portal for Noida: search, property pages, inquiries, and all that admins do.

Times are UTC. Money is in whole rupees. Unknown is null, never 0 or an empty text. Answers may get further
fields; requests must not have fields that are not named here, texts no NUL characters, and integers no
decimal point. Errors are `application/problem+json` (RFC 9457) and name every wrong field: go by their
`code`.
"""


def document(app: CasaApp) -> dict[str, Any]:
    """Build the document, ready to be written as JSON and validated by openapi-pydantic."""
    found = operations(app)
    requests = [shape for operation in found for shape in operation.requests()]
    answers = [shape for operation in found for shape in operation.answers()]
    writer = Writer(Shapes(requests, [*answers, Problem]))
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method.lower()] = writer.operation(operation)
    written = {
        "openapi": "3.1.1",
        "info": {"title": "CasaBricks", "version": version("casabricks"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": list(tags(found)),
        "paths": paths,
        "components": writer.components(paths),
    }
    OpenAPI.model_validate(written)  # only checked: the model turns large integers into floats
    return written


def serialized(contract: dict[str, Any]) -> str:
    """Format the contract as it is committed with the code, for readable diffs."""
    return json.dumps(contract, indent=1, ensure_ascii=False) + "\n"


def tags(found: Iterable[Operation]) -> Iterator[dict[str, str]]:
    """Return a tag for each module of handlers, described by the module's docstring."""
    modules = {operation.tag: sys.modules[operation.handler.__module__] for operation in found}
    for tag, module in sorted(modules.items()):
        yield {"name": tag, "description": inspect.getdoc(module) or ""}
