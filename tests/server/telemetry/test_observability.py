"""What Sentry and an OTLP collector receive: operations, without personal data."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr

from schemas.settings import Settings
from server.public import health
from server.telemetry import observability
from tests.outside import listening
from tests.server.conftest import served

CANARY = "asha.rao@example.com"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Receiver:
    """Sentry and a collector in one server; it keeps what is posted."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        packed = request.headers.get("content-encoding") == "gzip" and body[:2] == b"\x1f\x8b"
        self.got.append((request.path, gzip.decompress(body) if packed else body))
        return web.json_response({})

    def errors(self) -> list[dict[str, Any]]:
        """Return events from Sentry's envelopes: envelope header, item header and item, one line each."""
        lines = [body.split(b"\n") for path, body in self.got if path == "/api/7/envelope/"]
        return [orjson.loads(item) for _, kind, item, *_ in lines if orjson.loads(kind)["type"] == "event"]

    def spans(self) -> list[Any]:
        requests = [ExportTraceServiceRequest.FromString(b) for path, b in self.got if path == "/v1/traces"]
        return [
            span
            for each in requests
            for resource in each.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[str, Receiver]]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    async with listening(app) as origin:
        yield origin, receiver


async def test_an_unforeseen_error_is_reported_without_anything_that_was_sent(
    settings: Settings, receiver: tuple[str, Receiver], monkeypatch: pytest.MonkeyPatch
):
    origin, seen = receiver

    async def broken(*_: Any) -> None:
        local = CANARY
        raise LookupError(f"nobody is called {local}")

    monkeypatch.setattr(health, "check_all", broken)
    dsn = SecretStr(origin.replace("://", "://public@") + "/7")
    async with served(settings.model_copy(update={"sentry_dsn": dsn}), "reporting") as api:
        failed = await api.get("/health", headers={"x-request-id": "request-1", "x-name": CANARY}, q=CANARY)
        assert failed.status == 500
        assert (await api.get("/no-such-page")).status == 404
    [event] = seen.errors()
    assert event["tags"] == {"event": "unforeseen_error", "request_id": "request-1"}
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("LookupError", "")
    assert error["stacktrace"]["frames"][-1]["function"] == "broken"
    assert not any("vars" in frame for frame in error["stacktrace"]["frames"])
    assert "request" not in event
    assert "user" not in event
    assert not event.get("breadcrumbs", {}).get("values")
    assert not any(CANARY.encode() in body for _, body in seen.got)


async def test_a_request_is_told_as_a_span_by_its_route(settings: Settings, receiver: tuple[str, Receiver]):
    origin, seen = receiver
    telling = settings.model_copy(update={"otel_exporter_otlp_endpoint": origin})
    async with served(telling, "tracing") as api:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-name": CANARY}
        await api.get(f"/api/v1/properties/{CANARY}", headers=headers, q=CANARY)
        await api.get("/no-such-page")
    child, other = sorted(seen.spans(), key=lambda span: span.start_time_unix_nano)
    assert (child.name, other.name) == ("GET /api/v1/properties/<property_id:str>", "GET")
    assert (child.trace_id.hex(), child.parent_span_id.hex()) == (TRACE, PARENT)
    assert {each.key: each.value.string_value or each.value.int_value for each in child.attributes} == {
        "http.request.method": "GET",
        "http.route": "/api/v1/properties/<property_id:str>",
        "http.response.status_code": 404,
    }
    assert not any(CANARY.encode() in body for _, body in seen.got)


async def test_a_collector_that_is_away_holds_nobody_up(settings: Settings):
    telling = settings.model_copy(
        update={
            "otel_exporter_otlp_endpoint": "http://127.0.0.1:1",
            "sentry_dsn": SecretStr("http://public@127.0.0.1:1/7"),
        }
    )
    async with served(telling, "telling-nobody") as api:
        assert (await api.get("/livez")).status == 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SENTRY_DSN", "http://public@127.0.0.1:1/7"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
    ],
)
async def test_without_the_extra_the_commands_say_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
):
    monkeypatch.setattr(observability, "_is_installed", lambda _: False)
    asked = settings.model_copy(update={setting.lower(): SecretStr(value) if "DSN" in setting else value})
    assert observability.missing_package(asked) == (
        f"{setting} needs packages that are not installed: pip install 'casabricks[observability]'."
    )
    assert observability.missing_package(settings) is None


async def test_an_api_process_loads_nothing_that_it_may_never_need():
    """The extra for observability, numbers of a market pass, migrations, buckets, decoders of pictures."""
    observed = ("sentry_sdk", "opentelemetry.exporter", "opentelemetry.sdk.trace")
    packages = (*observed, "numpy", "alembic", "stores.bucket", "PIL", "pyvips")
    program = f"import sys, server.cli; print([name for name in {packages} if name in sys.modules])"
    shown = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, check=True
    )
    assert shown.stdout == b"[]\n"
