"""Signed messages between us and the AI service, as Standard Webhooks has them.

The signature covers `id.timestamp.body`, so that none of the three can be exchanged; several signatures
may stand side by side while a secret is being changed. Beyond the specification, what is not written
exactly as we write it is refused. https://github.com/standard-webhooks/standard-webhooks
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
"""How far a sender's clock may be from ours, either way."""
MOST_SIGNATURES = 5
MOST_SECRETS = 2
SHORTEST_SECRET = 24
"""Bytes, as the specification wants them."""
ENCODED = "whsec_"
"""Before a secret that is base64; any other is taken as its bytes."""

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_SIGNATURES = re.compile(r"v1,[A-Za-z0-9+/]{43}=(?: v1,[A-Za-z0-9+/]{43}=)*", re.ASCII)

Headers = Mapping[str, Sequence[str]]
"""Each name in lower case, with every value that was sent."""


class Refusal(StrEnum):
    """Why a message is not believed; for the log, never for the sender."""

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
    """Raises ValueError for a secret that is too short, or no base64 where it says that it is."""
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
    """What a message is sent with; signed by every key, so that whoever knows one of them believes it."""
    signatures = " ".join(sign(message_id, timestamp, body, key) for key in keys)
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def verify(headers: Headers, body: bytes, keys: Sequence[bytes], now: float) -> str:
    """The id of a message that is from somebody who knows one of the secrets, and of these minutes.

    Args:
        headers: of the request.
        body: exactly as it came.
        keys: at most MOST_SECRETS.
        now: Unix time in seconds.

    Raises:
        NotBelieved: in any other case; the clock is looked at last, so that a stranger learns nothing of it.
    """
    message_id, timestamp, signatures = _syntax(headers)
    if not keys:
        raise NotBelieved(Refusal.NOTHING_SHARED)
    expected = [_signature(message_id, timestamp, body, key) for key in keys[:MOST_SECRETS]]
    # Every pair is compared, so that the time tells neither which secret nor which signature it was.
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
