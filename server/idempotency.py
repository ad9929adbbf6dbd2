"""Idempotency-Key: a request that its client may send again until it has seen the answer."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sanic import HTTPResponse

from schemas.errors import FieldError, Unparsable
from server.context import CasaRequest
from server.http import TIMES, with_member
from services.idempotency import KeptAnswer, Once

LONGEST_KEY = 255


def read_once(request: CasaRequest, body: BaseModel, client: str) -> Once | None:
    """The request under its client's key, if it brought one.

    Two bodies are the same when they mean the same, whatever the order of their fields.
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
    return Once(scope, given[0], sha256(body.model_dump_json().encode()).digest())


def _is_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and all("!" <= sign <= "~" for sign in key)


def to_be_kept(value: object, status: int, entity_id: UUID) -> KeptAnswer:
    """An answer as bytes, so that a replay is the same to the byte."""
    return KeptAnswer(status, orjson.dumps(value, option=TIMES), entity_id)


def reply_kept(answer: KeptAnswer, **news: Any) -> HTTPResponse:
    """The answer as it was kept, with members that are found anew each time."""
    headers = {"idempotent-replayed": "true"} if answer.replayed else {}
    body = answer.body
    for name, value in news.items():
        body = with_member(body, name, value)
    return HTTPResponse(body, answer.status, headers, "application/json")
