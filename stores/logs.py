"""Where log lines go: to stderr, one JSON object a line, ours and the libraries' alike."""

import logging
import sys

import structlog

SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

QUIET = {
    # It logs every refused connection with a traceback; whoever asked says so once, in a sentence.
    "opensearch": logging.CRITICAL,
    "asyncio": logging.WARNING,
}


def configure_logs(level: str, *, json: bool = True) -> None:
    """Send structlog's and the standard library's lines the same way; the last call wins."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=_ending(json), foreign_pre_chain=SHARED)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, threshold in QUIET.items():
        logging.getLogger(name).setLevel(threshold)


def _ending(json: bool) -> list[structlog.types.Processor]:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if not json:
        return [remove_meta, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [remove_meta, structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
