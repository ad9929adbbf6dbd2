"""Logging to stderr, one JSON object per line, for this project's and the libraries' log lines."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from structlog.types import EventDict


def name_component(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Rename `component` to `logger`, the key in lines of the standard library."""
    if "component" in event:
        event["logger"] = event.pop("component")
    return event


SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    name_component,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

QUIET = {
    # It logs a traceback for every refused connection; the caller logs one sentence instead.
    "opensearch": logging.CRITICAL,
    "asyncio": logging.WARNING,
}


def configure_logs(level: str, *, json: bool = True) -> None:
    """Send structlog's and the standard library's lines to the same output; the last call wins.

    This project's lines bypass the standard library, whose records would cost a busy API 1/8 of its speed.
    """
    structlog.configure(
        processors=[*SHARED, *_ending(json)],
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if json
        else structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_foreign_formatter(json))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, threshold in QUIET.items():
        logging.getLogger(name).setLevel(threshold)


def _foreign_formatter(json: bool) -> logging.Formatter:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        processors=[remove_meta, *_ending(json), _as_text],
        foreign_pre_chain=[*SHARED, structlog.stdlib.add_logger_name],
    )


_places = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _without_data(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    """Return tracebacks without data.

    Locals are left out because they contain request bodies, and DETAIL because the database quotes whole
    rows there.
    """
    return [
        stack | {"exc_value": stack["exc_value"].partition("\nDETAIL:")[0]} for stack in _places(exc_info)
    ]


def _ending(json: bool) -> list[structlog.types.Processor]:
    if not json:
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [
        structlog.processors.ExceptionRenderer(_without_data),
        structlog.processors.JSONRenderer(serializer=_dumps),
    ]


def _dumps(event: object, default: Callable[[Any], Any]) -> bytes:
    return orjson.dumps(event, default=default)


def _as_text(_logger: Any, _name: str, line: Any) -> str:
    """Decode the line, because the standard library writes text."""
    return line.decode() if isinstance(line, bytes) else line
