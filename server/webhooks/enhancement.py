"""Webhooks of the AI service: they must be signed, take effect once, and are answered at once."""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import Counter
from sanic import Blueprint, HTTPResponse
from sqlalchemy import func

from domain.security.result_urls import Origins, UrlNotAllowed, check_result_url
from domain.security.webhooks import ID, SIGNATURE, TIMESTAMP, NotBelieved, verify
from domain.states.enhancement import Event, Job
from runtime.crash_points import crash_here
from schemas.api.admin.enhancement import AnyMessage, Delivered, Delivery, GivenUp, JobNews, Message, Outcome
from schemas.errors import (
    CasaError,
    Conflict,
    FieldError,
    InvalidRequest,
    InvalidSignature,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    ResultUrlRefused,
    Unparsable,
)
from server.context import CasaRequest, Context, transaction
from server.http.described import SIGNED, Json, describes
from server.http.messages import parsed, reply, validated
from server.http.uploads import drain_body, read_all
from services.images.deliveries import is_new
from services.images.enhancement import apply_service_event

blueprint = Blueprint("webhooks", url_prefix="/api/v1/webhooks")
blueprint.on_response(drain_body)  # type: ignore[no-untyped-call]  # Sanic's
MOST_BYTES = 256 * 1024
KINDS: Mapping[str, tuple[Event, type[Message[Any]]]] = {
    "enhancement.processing": (Event.STARTED, Message[JobNews]),
    "enhancement.completed": (Event.DELIVERED, Message[Delivered]),
    "enhancement.failed": (Event.GIVEN_UP, Message[GivenUp]),
}
DELIVERIES = Counter(
    "casabricks_webhook_deliveries", "Webhooks that came, by what became of them.", ["outcome"]
)
log = structlog.get_logger(component="webhooks")


@blueprint.post("/ai-enhancement", stream=True)
@describes(
    Outcome,
    SIGNED,
    body=Json(Delivery, raises=(Unparsable, PayloadTooLarge, InvalidRequest)),
    raises=(NotFound, Conflict, ResultUrlRefused, RequestTimeout),
)
async def receive(request: CasaRequest) -> HTTPResponse:
    """Receive a message of the AI service about a job.

    The signature is verified before anything else is read; until then, even invalid JSON is not reported.
    """
    body = await read_all(request, MOST_BYTES)
    message_id = verified_message_id(request, body)
    try:
        outcome = await apply_message(request.app.ctx, message_id, body)
    except CasaError as error:
        count_and_log(request, error.code, message_id)
        raise
    count_and_log(request, outcome, message_id)
    return reply({"status": outcome})


def verified_message_id(request: CasaRequest, body: bytes) -> str:
    """Verify the signature and return the message's id; the reason of a refusal is only logged."""
    headers = {name: request.headers.getall(name, []) for name in (ID, TIMESTAMP, SIGNATURE)}
    try:
        return verify(headers, body, request.app.ctx.webhook_keys, time.time())
    except NotBelieved as error:
        count_and_log(request, error.refusal)
        raise InvalidSignature from None


async def apply_message(context: Context, message_id: str, body: bytes) -> str:
    """Apply a message.

    Returns:
        `accepted`, `duplicate`, or `ignored` if its type is unknown or it comes too late to have an effect.
    """
    message = parsed(body)
    kind = KINDS.get(validated(message, AnyMessage, "body").type)
    async with transaction(context) as session:
        if not await is_new(session, message_id, body):
            return "duplicate"
        crash_here("after-webhook-insert")
        if kind is None:
            return "ignored"
        event, shape = kind
        data: JobNews = validated(message, shape, "body").data
        job = Job(data.image_id, data.job_id, data.attempt)
        if not await apply_service_event(session, job, event, **columns_of(data, context.result_origins)):
            return "ignored"
    if event is Event.DELIVERED:
        await context.queue.enqueue_enhancement(job.image_id)
    return "accepted"


def columns_of(data: JobNews, origins: Origins) -> dict[str, Any]:
    """Return the columns of the picture's row to update."""
    if isinstance(data, Delivered):
        return {
            "enhancement_result_url": allowed_url(data.result_url, origins),
            "enhancement_due_at": func.now(),
        }
    if isinstance(data, GivenUp):
        return {"enhancement_error": f"The AI service gave up: {data.reason or 'it gives no reason'}"}
    return {}


def allowed_url(url: str, origins: Origins) -> str:
    try:
        check_result_url(url, origins)
    except UrlNotAllowed as error:
        wrong = FieldError("#/data/result_url", "body", "url_not_allowed", str(error))
        raise ResultUrlRefused("The result cannot be fetched from there.", (wrong,)) from None
    return url


def count_and_log(request: CasaRequest, outcome: str, message_id: str | None = None) -> None:
    DELIVERIES.labels(outcome).inc()
    # Another message under a known id is an error of the AI service, or the shared secret has leaked.
    level = log.error if outcome == Conflict.code else log.info
    level("webhook", outcome=outcome, webhook_id=message_id, request_id=request.id)
