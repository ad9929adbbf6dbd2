"""Access tokens: how they are signed, and what is required of a token that is presented.

By itself, PyJWT accepts a token without `exp`, `aud` or `iss`, and any listed algorithm. So only one
algorithm is listed, and every claim is required. The token's header is not trusted; `kid` only chooses
between the known keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID, uuid4

import jwt

from domain.security.keys import keys_for

ALGORITHM = "HS256"
TYPE = "at+jwt"  # RFC 9068: an access token, not to be confused with other kinds
ISSUER = "casabricks"
AUDIENCE = "casabricks-admin"
LIFETIME = timedelta(minutes=60)
LEEWAY = timedelta(seconds=30)
SHORTEST_KEY = 32
"""Bytes; PyJWT only warns about a shorter key."""
REQUIRED = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "tv"]

Keys = Mapping[str, bytes]
"""By `kid`; the first one signs."""


class InvalidToken(Exception):
    """The token is forged, altered, of another kind, or not valid at this time."""


@dataclass(frozen=True)
class Claims:
    user_id: UUID
    token_version: int
    token_id: str
    expires_at: datetime


def signing_keys(*secrets: str) -> Keys:
    """Return the keys from newest to oldest.

    Raises:
        ValueError: a secret is too short to sign with.
    """
    for secret in secrets:
        if len(secret.encode()) < SHORTEST_KEY:
            raise ValueError(f"a signing secret needs at least {SHORTEST_KEY} bytes")
    return {blake2b(key, digest_size=6).hexdigest(): key for key in keys_for("access token", secrets)}


def issue_token(user_id: UUID, token_version: int, keys: Keys, now: datetime) -> str:
    """Return a token that is valid for LIFETIME from `now`, signed with the newest key."""
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
    """Return the claims of a valid token.

    Raises:
        InvalidToken: for every other token.
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
    """Check types and lifetime too: claims that this API would not issue are refused, even if signed."""
    version, token_id, issued, expires = (claims[name] for name in ("tv", "jti", "iat", "exp"))
    if type(version) is not int or not isinstance(token_id, str):
        raise InvalidToken
    if type(issued) is not int or type(expires) is not int or expires - issued > LIFETIME.total_seconds():
        raise InvalidToken
    return Claims(UUID(str(claims["sub"])), version, token_id, datetime.fromtimestamp(expires, UTC))
