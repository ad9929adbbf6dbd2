"""Access tokens: what we sign, and all that we demand of one that comes back.

PyJWT accepts a token without `exp`, `aud` or `iss` unless each is required, and any algorithm that
is listed: so one algorithm is listed, and everything is required. Nothing in a token's header is
trusted; `kid` only chooses between the two keys that we know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID, uuid4

import jwt

from domain.keys import keys_for

ALGORITHM = "HS256"
TYPE = "at+jwt"  # RFC 9068: an access token, never mistaken for another kind
ISSUER = "casabricks"
AUDIENCE = "casabricks-admin"
LIFETIME = timedelta(minutes=60)
LEEWAY = timedelta(seconds=30)
SHORTEST_KEY = 32
"""Bytes; PyJWT only warns of a shorter one."""
REQUIRED = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "tv"]

Keys = Mapping[str, bytes]
"""By their `kid`; the first one signs."""


class InvalidToken(Exception):
    """Not ours, altered, of another kind, or out of its time."""


@dataclass(frozen=True)
class Claims:
    user_id: UUID
    token_version: int
    token_id: str
    expires_at: datetime


def signing_keys(*secrets: str) -> Keys:
    """Keys from the newest to the oldest that is still accepted.

    Raises:
        ValueError: a secret is too short to sign with.
    """
    for secret in secrets:
        if len(secret.encode()) < SHORTEST_KEY:
            raise ValueError(f"a signing secret needs at least {SHORTEST_KEY} bytes")
    return {blake2b(key, digest_size=6).hexdigest(): key for key in keys_for("access token", secrets)}


def issue_token(user_id: UUID, token_version: int, keys: Keys, now: datetime) -> str:
    """A token for LIFETIME from `now`, signed with the newest key."""
    kid, key = next(iter(keys.items()))
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": uuid4().hex,
        "tv": token_version,
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": kid, "typ": TYPE})


def read_token(token: str, keys: Keys) -> Claims:
    """The claims of a token that is ours and in its time.

    Raises:
        InvalidToken: for any other, whatever is wrong with it.
    """
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(
            token,
            _chosen(keys, header),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": REQUIRED, "strict_aud": True},
        )
        return _claims(claims)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken from error


def _chosen(keys: Keys, header: Mapping[str, object]) -> bytes:
    kid = header.get("kid")
    if header.get("typ") != TYPE or not isinstance(kid, str):
        raise InvalidToken
    return keys[kid]


def _claims(claims: Mapping[str, object]) -> Claims:
    """Types too: a claim that we would not have written is not ours, whoever signed it."""
    version, token_id, issued, expires = (claims[name] for name in ("tv", "jti", "iat", "exp"))
    if type(version) is not int or not isinstance(token_id, str):
        raise InvalidToken
    if type(issued) is not int or type(expires) is not int or expires - issued > LIFETIME.total_seconds():
        raise InvalidToken
    return Claims(UUID(str(claims["sub"])), version, token_id, datetime.fromtimestamp(expires, UTC))
