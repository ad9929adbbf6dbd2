"""Cursors: signed positions in a list of results, valid only for the search that issued them."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from domain.security.keys import Keys

SIGNATURE_BYTES = 16
LONGEST = 1_000
"""Characters; longer input cannot be a valid cursor."""


class InvalidCursor(Exception):
    """The cursor is forged, altered, or belongs to another search."""


def write_cursor(after: Sequence[Any], search: Mapping[str, Any], keys: Keys) -> str:
    """Return a cursor that continues after the hit with these sort values."""
    payload = orjson.dumps([list(after), _fingerprint(search)])
    return urlsafe_b64encode(_signature(payload, keys[0]) + payload).decode().rstrip("=")


def read_cursor(cursor: str, search: Mapping[str, Any], keys: Keys) -> list[Any]:
    """Return the sort values to continue after.

    Raises:
        InvalidCursor: the cursor was not issued by this API, or not for this search.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError as error:
        raise InvalidCursor from error
    signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not any(hmac.compare_digest(signature, _signature(payload, key)) for key in keys):
        raise InvalidCursor
    after, fingerprint = orjson.loads(payload)
    if fingerprint != _fingerprint(search):
        raise InvalidCursor
    return list(after)


def _signature(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:SIGNATURE_BYTES]


def _fingerprint(search: Mapping[str, Any]) -> str:
    return blake2b(orjson.dumps(search, option=orjson.OPT_SORT_KEYS), digest_size=9).hexdigest()
