"""Access tokens: accepted only with the product's signature, for their purpose, before they expire."""

from datetime import UTC, datetime, timedelta
from secrets import token_bytes, token_hex
from typing import Any
from uuid import uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.tokens import InvalidToken, issue_token, read_token, signing_keys

SECRET = token_hex(32)
KEYS = signing_keys(SECRET)
[(KID, KEY)] = KEYS.items()
USER = uuid4()


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    ours = {
        "iss": "casabricks",
        "aud": "casabricks-admin",
        "sub": str(USER),
        "iat": now,
        "nbf": now,
        "exp": now + timedelta(minutes=60),
        "jti": "a",
        "tv": 0,
    }
    return {name: value for name, value in (ours | changed).items() if value is not None}


def forged(algorithm: str = "HS256", key: bytes = KEY, headers: Any = None, **changed: Any) -> str:
    ours = {"kid": KID, "typ": "at+jwt"}
    return jwt.encode(claims(**changed), key, algorithm, headers=ours | (headers or {}))


def test_a_token_comes_back_as_it_was_issued():
    token = issue_token(USER, 7, KEYS, datetime.now(UTC))
    read = read_token(token, KEYS)
    assert (read.user_id, read.token_version) == (USER, 7)
    assert read.expires_at - datetime.now(UTC) == pytest.approx(
        timedelta(minutes=60), abs=timedelta(seconds=5)
    )


def test_the_ground_of_the_forgeries_is_valid():
    assert read_token(forged(), KEYS).user_id == USER


HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    "token",
    [
        forged(iss="elsewhere"),
        forged(aud="casabricks-public"),
        forged(aud=["casabricks-admin", "other"]),
        forged(exp=NOW - HOUR),
        forged(nbf=NOW + HOUR),
        forged(iat=NOW + HOUR),
        forged(exp=NOW + 2 * HOUR),
        *(forged(**{name: None}) for name in ("iss", "aud", "sub", "iat", "nbf", "exp", "jti", "tv")),
        forged(sub="not an id"),
        forged(tv="0"),
        forged(tv=0.0),
        forged(tv=True),
        forged(jti=7),
        forged(key=token_bytes(64)),
        forged(key=SECRET.encode()),
        forged(algorithm="HS512"),
        forged(headers={"typ": "JWT"}),
        forged(headers={"typ": None}),
        forged(headers={"kid": "../../dev/null"}),
        jwt.encode(claims(), "", algorithm="none", headers={"kid": KID, "typ": "at+jwt"}),
        "",
        "a.b.c",
        "é",
    ],
)  # fmt: skip
def test_what_we_would_not_have_written_is_refused(token: str):
    with pytest.raises(InvalidToken):
        read_token(token, KEYS)


@given(st.text())
def test_no_text_is_an_error(token: str):
    with pytest.raises(InvalidToken):
        read_token(token, KEYS)


def test_tokens_of_the_previous_key_are_good_until_they_end():
    old, new = signing_keys(SECRET), signing_keys(token_hex(32), SECRET)
    token = issue_token(USER, 0, old, datetime.now(UTC))
    assert read_token(token, new).user_id == USER
    with pytest.raises(InvalidToken):
        read_token(issue_token(USER, 0, new, datetime.now(UTC)), old)


def test_a_short_secret_signs_nothing():
    with pytest.raises(ValueError, match="at least 32 bytes"):
        signing_keys("x" * 31)
