"""Reports errors to Sentry and requests as OTLP traces, each only if its setting is given.

Both go to third-party servers, so they contain facts about the code and no data sent by clients: no
bodies, headers, paths, query strings or local variables, and no error messages, which may quote them. The
log has those under the same request id. The packages are an extra, and are imported only if used.
"""

import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import structlog

from schemas.settings import Settings

REPORTED_FIELDS = ("request_id", "job", "attempt")
"""Fields of an error's log line that its report may contain."""
SHUTDOWN_S = 2.0


def missing_package(settings: Settings) -> str | None:
    """Return a message about a configured service whose packages are not installed; None if all are."""
    wanted = {
        "SENTRY_DSN": (settings.sentry_dsn.get_secret_value(), "sentry_sdk"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": (settings.otel_exporter_otlp_endpoint, "opentelemetry.exporter"),
    }
    for name, (value, package) in wanted.items():
        if value and not _is_installed(package):
            return f"{name} needs packages that are not installed: pip install 'casabricks[observability]'."
    return None


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # its parent package is missing too
        return False


@dataclass
class Observer:
    """Sends errors and traces of one process, between `begin` and `end`."""

    settings: Settings
    process: str
    """`api` or `worker`."""
    _sentry: Any = None
    _traces: Any = None

    def begin(self) -> None:
        dsn = self.settings.sentry_dsn.get_secret_value()
        if dsn:
            self._sentry = _sentry_client(dsn, self.settings, self.process)
            # Change the list in place, because loggers already in use hold it.
            structlog.get_config()["processors"].insert(0, self._report)
        if self.settings.otel_exporter_otlp_endpoint:
            self._traces = _Traces(self.settings.otel_exporter_otlp_endpoint, self.process)

    def end(self) -> None:
        """Send pending reports, waiting for them only briefly."""
        if self._sentry is not None:
            structlog.get_config()["processors"].remove(self._report)
            self._sentry.close(timeout=SHUTDOWN_S)
        if self._traces is not None:
            self._traces.end()

    def answered(
        self, method: str, route: str | None, status: int, seconds: float | None, headers: Mapping[str, str]
    ) -> None:
        if self._traces is not None and seconds is not None:
            self._traces.record(method, route, status, seconds, headers.get("traceparent", ""))

    def _report(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Report exceptions that are logged; this is a processor of structlog."""
        given = event.get("exc_info")
        error = sys.exc_info()[1] if given is True else given
        if isinstance(error, BaseException):
            self._sentry.capture_event(_event(error, event, self._sentry.options))
        return event


def _sentry_client(dsn: str, settings: Settings, process: str) -> Any:
    return import_module("sentry_sdk").Client(
        dsn=dsn,
        environment=settings.environment,
        release=f"casabricks@{version('casabricks')}",
        server_name=process,
        default_integrations=False,  # they would read requests, arguments and the log
        include_local_variables=False,
        max_request_body_size="never",
    )


def _event(error: BaseException, line: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    event, _ = import_module("sentry_sdk.utils").event_from_exception(error, client_options=options)
    for each in event["exception"]["values"]:
        each["value"] = ""
    tags = {name: str(line[name]) for name in REPORTED_FIELDS if name in line}
    return {**event, "logger": str(line.get("component", "")), "tags": {"event": line["event"], **tags}}


class _Traces:
    """Creates one span per request after it is answered, so that it adds no latency."""

    def __init__(self, endpoint: str, process: str) -> None:
        trace = import_module("opentelemetry.trace")
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        resources = import_module("opentelemetry.sdk.resources")
        resource = resources.Resource.create(
            {"service.name": f"casabricks-{process}", "service.version": version("casabricks")}
        )
        self._provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = otlp.OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(export.BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("casabricks")
        self._server = trace.SpanKind.SERVER
        self._failed = trace.StatusCode.ERROR
        self._parents = import_module(
            "opentelemetry.trace.propagation.tracecontext"
        ).TraceContextTextMapPropagator()

    def record(self, method: str, route: str | None, status: int, seconds: float, parent: str) -> None:
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"{method} {route}" if route else method,
            context=self._parents.extract({"traceparent": parent}),
            kind=self._server,
            start_time=ended - round(seconds * 1e9),
            attributes={
                "http.request.method": method,
                "http.response.status_code": status,
                **({"http.route": route} if route else {}),
            },
        )
        if status >= 500:
            span.set_status(self._failed)
        span.end(ended)

    def end(self) -> None:
        self._provider.shutdown()


@contextmanager
def observing(settings: Settings, process: str) -> Iterator[Observer]:
    observer = Observer(settings, process)
    observer.begin()
    try:
        yield observer
    finally:
        observer.end()
