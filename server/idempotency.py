"""Idempotency-Key: lets a client retry a request until it has received the answer."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sanic import HTTPResponse

from schemas.errors import FieldError, Unparsable
from server.context import CasaRequest
from server.http.messages import JSON_OPTIONS, with_member
from services.idempotency import IdempotentRequest, StoredAnswer

LONGEST_KEY = 255


def read_idempotent_request(request: CasaRequest, body: BaseModel, client: str) -> IdempotentRequest | None:
    """Return the request's idempotency data; None without a key.

    Bodies are compared after parsing, so the order of their fields does not matter.
    """
    given = request.headers.getall("idempotency-key", [])
    if not given:
        return None
    if len(given) > 1 or not _is_key(given[0]):
        wrong = FieldError(
            "#/Idempotency-Key",
            "header",
            "idempotency_key",
            f"must be 1 to {LONGEST_KEY} visible ASCII signs",
        )
        raise Unparsable("The Idempotency-Key cannot be read.", (wrong,))
    scope = f"{request.method} {request.uri_template} {client}"
    return IdempotentRequest(scope, given[0], sha256(body.model_dump_json().encode()).digest())


def _is_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and all("!" <= sign <= "~" for sign in key)


def to_stored_answer(value: object, status: int, entity_id: UUID) -> StoredAnswer:
    """Store the answer as bytes, so that a replay is identical byte for byte."""
    return StoredAnswer(status, orjson.dumps(value, option=JSON_OPTIONS), entity_id)


def reply_stored(answer: StoredAnswer, **members: Any) -> HTTPResponse:
    """Reply with the stored answer, adding members that are computed for each reply."""
    headers = {"idempotent-replayed": "true"} if answer.replayed else {}
    body = answer.body
    for name, value in members.items():
        body = with_member(body, name, value)
    return HTTPResponse(body, answer.status, headers, "application/json")
