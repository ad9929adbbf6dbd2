"""Signed messages to and from the AI service, following Standard Webhooks.

The signature covers `id.timestamp.body`, so that none of the three can be replaced. A message may carry
several signatures while a secret is being changed. Stricter than the specification, the syntax must match
exactly what this API writes. https://github.com/standard-webhooks/standard-webhooks
"""

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300
"""Allowed clock difference to the sender, in either direction."""
MOST_SIGNATURES = 5
MOST_SECRETS = 2
SHORTEST_SECRET = 24
"""Bytes, as the specification requires."""
ENCODED = "whsec_"
"""Prefix of a base64 secret; any other secret is used as raw bytes."""

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_SIGNATURES = re.compile(r"v1,[A-Za-z0-9+/]{43}=(?: v1,[A-Za-z0-9+/]{43}=)*", re.ASCII)

Headers = Mapping[str, Sequence[str]]
"""Names in lower case, each with all values sent."""


class Refusal(StrEnum):
    """Why a message is refused; for the log only, never sent to the sender."""

    MISSING_HEADER = "missing_header"
    REPEATED_HEADER = "repeated_header"
    MALFORMED_ID = "malformed_id"
    MALFORMED_TIMESTAMP = "malformed_timestamp"
    MALFORMED_SIGNATURE = "malformed_signature"
    TOO_MANY_SIGNATURES = "too_many_signatures"
    NOTHING_SHARED = "nothing_shared"
    WRONG_SIGNATURE = "wrong_signature"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"


class NotBelieved(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def secret_key(secret: str) -> bytes:
    """Decode a secret; raise ValueError if it is too short or is not the base64 that its prefix announces."""
    encoded = secret.startswith(ENCODED)
    try:
        key = b64decode(secret.removeprefix(ENCODED), validate=True) if encoded else secret.encode()
    except NotBase64:
        raise ValueError(f"what follows {ENCODED} must be base64") from None
    if len(key) < SHORTEST_SECRET:
        raise ValueError(f"a webhook secret needs at least {SHORTEST_SECRET} bytes")
    return key


def sign(message_id: str, timestamp: int, body: bytes, key: bytes) -> str:
    return _signature(message_id, str(timestamp), body, key)


def signed_headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers of a message, signed with every key, so that a receiver needs to know only one."""
    signatures = " ".join(sign(message_id, timestamp, body, key) for key in keys)
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def verify(headers: Headers, body: bytes, keys: Sequence[bytes], now: float) -> str:
    """Return the id of a message that has a valid signature and a current timestamp.

    Args:
        headers: of the request.
        body: exactly as received.
        keys: at most MOST_SECRETS.
        now: Unix time in seconds.

    Raises:
        NotBelieved: in any other case. The clock is checked last, so that an unsigned message reveals nothing
            about it.
    """
    message_id, timestamp, signatures = _syntax(headers)
    if not keys:
        raise NotBelieved(Refusal.NOTHING_SHARED)
    expected = [_signature(message_id, timestamp, body, key) for key in keys[:MOST_SECRETS]]
    # Compares every pair, so that timing reveals neither the secret nor the signature that matched.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not any(matches):
        raise NotBelieved(Refusal.WRONG_SIGNATURE)
    if int(timestamp) < now - TOLERANCE_S:
        raise NotBelieved(Refusal.TOO_OLD)
    if int(timestamp) > now + TOLERANCE_S:
        raise NotBelieved(Refusal.TOO_NEW)
    return message_id


def _signature(message_id: str, timestamp: str, body: bytes, key: bytes) -> str:
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return f"v1,{b64encode(digest).decode()}"


def _syntax(headers: Headers) -> tuple[str, str, list[str]]:
    message_id, timestamp, signature = (_only(headers, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if not _ID.fullmatch(message_id):
        raise NotBelieved(Refusal.MALFORMED_ID)
    if not _TIMESTAMP.fullmatch(timestamp):
        raise NotBelieved(Refusal.MALFORMED_TIMESTAMP)
    if not _SIGNATURES.fullmatch(signature):
        raise NotBelieved(Refusal.MALFORMED_SIGNATURE)
    signatures = signature.split(" ")
    if len(signatures) > MOST_SIGNATURES:
        raise NotBelieved(Refusal.TOO_MANY_SIGNATURES)
    return message_id, timestamp, signatures


def _only(headers: Headers, name: str) -> str:
    values = headers.get(name, ())
    if not values:
        raise NotBelieved(Refusal.MISSING_HEADER)
    if len(values) > 1:
        raise NotBelieved(Refusal.REPEATED_HEADER)
    return values[0]
