"""Signed messages: accepted only if a holder of the secret signed exactly this content a moment ago."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.webhooks import (
    ENCODED,
    ID,
    SIGNATURE,
    TIMESTAMP,
    NotBelieved,
    Refusal,
    secret_key,
    sign,
    signed_headers,
    verify,
)

NOW = 1_764_000_000
KEY, OLD_KEY, STRANGE_KEY = b"k" * 32, b"o" * 32, b"s" * 32
BODY = b'{"type":"enhancement.processing"}'
MESSAGE = "msg_2kLx9fT3"
A_SIGNATURE = sign(MESSAGE, NOW, BODY, KEY)


def headers(
    *keys: bytes, message_id: str = MESSAGE, timestamp: int = NOW, **changed: object
) -> dict[str, list[str]]:
    ours = signed_headers(message_id, timestamp, BODY, keys or (KEY,))
    return {name: [value] for name, value in ours.items()} | {
        f"webhook-{part}": value for part, value in changed.items()
    }


def refusal_of(
    sent: dict[str, list[str]], body: bytes = BODY, *, keys=(KEY,), now: float = NOW
) -> Refusal | None:
    try:
        assert verify(sent, body, keys, now) == sent[ID][0]
    except NotBelieved as error:
        return error.refusal
    return None


def test_the_specification_s_own_example_is_believed():
    """The example is from the tests of the Standard Webhooks libraries."""
    key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent = {
        ID: ["msg_p5jXN8AQM9LWM0D4loKWxJek"],
        TIMESTAMP: ["1614265330"],
        SIGNATURE: ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    }
    assert verify(sent, b'{"test": 2432232314}', [key], 1614265330) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-301, Refusal.TOO_OLD), (-300, None), (0, None), (300, None), (301, Refusal.TOO_NEW)],
)
def test_a_clock_may_be_five_minutes_off_either_way(seconds, expected):
    assert refusal_of(headers(timestamp=NOW + seconds)) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (headers(id=[]), Refusal.MISSING_HEADER),
        (headers(timestamp=NOW) | {TIMESTAMP: []}, Refusal.MISSING_HEADER),
        (headers(signature=[]), Refusal.MISSING_HEADER),
        (headers(id=[MESSAGE, MESSAGE]), Refusal.REPEATED_HEADER),
        (headers(signature=[A_SIGNATURE, A_SIGNATURE]), Refusal.REPEATED_HEADER),
        *(
            (headers(id=[wrong]), Refusal.MALFORMED_ID)
            for wrong in ("short", "a" * 65, "msg.2kLx9fT3", "msg 2kLx9fT3", "msg_2kLx9f\n", "मसगमसगमसग")
        ),
        *(
            (headers() | {TIMESTAMP: [wrong]}, Refusal.MALFORMED_TIMESTAMP)
            for wrong in (
                "",
                "0",
                "-5",
                "+5",
                "1e9",
                "0x12",
                "1764000000.0",
                " 1764000000",
                "1764000000\n",
                "१७",
                "9" * 13,
            )
        ),
        *(
            (headers(signature=[wrong]), Refusal.MALFORMED_SIGNATURE)
            for wrong in (
                "",
                "v1,",
                A_SIGNATURE.removeprefix("v1,"),
                A_SIGNATURE.removesuffix("="),
                A_SIGNATURE.replace("v1,", "v2,"),
                A_SIGNATURE.replace("v1,", "v1,-"),
                f"{A_SIGNATURE} ",
                f"{A_SIGNATURE}  {A_SIGNATURE}",
                f"{A_SIGNATURE},{A_SIGNATURE}",
                f"{A_SIGNATURE}\n",
                "v1," + "0" * 64,  # hexadecimal
            )
        ),
        (headers(signature=[" ".join([A_SIGNATURE] * 6)]), Refusal.TOO_MANY_SIGNATURES),
        (headers(STRANGE_KEY), Refusal.WRONG_SIGNATURE),
        (headers(message_id="msg_another") | {SIGNATURE: [A_SIGNATURE]}, Refusal.WRONG_SIGNATURE),
        (headers(timestamp=NOW + 1) | {SIGNATURE: [A_SIGNATURE]}, Refusal.WRONG_SIGNATURE),
    ],
)
def test_what_is_not_written_as_agreed_is_refused(sent, expected):
    assert refusal_of(sent) == expected


def test_a_stranger_learns_nothing_of_our_clock():
    assert refusal_of(headers(STRANGE_KEY, timestamp=NOW - 5_000)) == Refusal.WRONG_SIGNATURE


def test_without_a_secret_nobody_is_believed():
    assert refusal_of(headers(b""), keys=()) == Refusal.NOTHING_SHARED


@pytest.mark.parametrize("signed_by", [(KEY,), (OLD_KEY,), (OLD_KEY, KEY), (STRANGE_KEY,) * 4 + (OLD_KEY,)])
def test_while_a_secret_changes_either_is_believed(signed_by):
    assert refusal_of(headers(*signed_by), keys=(KEY, OLD_KEY)) is None


def test_a_third_secret_is_one_too_many():
    assert refusal_of(headers(STRANGE_KEY), keys=(KEY, OLD_KEY, STRANGE_KEY)) == Refusal.WRONG_SIGNATURE


@given(body=st.binary(max_size=200), place=st.integers(0, 199), bit=st.integers(0, 7))
def test_a_body_with_one_other_bit_is_another_message(body: bytes, place: int, bit: int):
    sent = {name: [value] for name, value in signed_headers(MESSAGE, NOW, body, (KEY,)).items()}
    assert verify(sent, body, (KEY,), NOW) == MESSAGE
    if body:
        changed = bytearray(body)
        changed[place % len(body)] ^= 1 << bit
        assert refusal_of(sent, bytes(changed)) == Refusal.WRONG_SIGNATURE


@given(
    sent=st.fixed_dictionaries(
        {name: st.lists(st.text(max_size=80), max_size=3) for name in (ID, TIMESTAMP, SIGNATURE)}
    ),
    body=st.binary(max_size=50),
)
def test_whatever_a_stranger_sends_is_refused_and_never_an_accident(sent, body):
    with pytest.raises(NotBelieved):
        verify(sent, body, (KEY, OLD_KEY), NOW)


@given(
    message_id=st.from_regex(r"\A[A-Za-z0-9_-]{8,64}\Z"),
    timestamp=st.integers(1, 10**12 - 1),
    body=st.binary(max_size=50),
    keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2),
)
def test_what_we_sign_is_believed_by_whoever_knows_one_of_our_secrets(message_id, timestamp, body, keys):
    sent = {name: [value] for name, value in signed_headers(message_id, timestamp, body, keys).items()}
    for key in keys:
        assert verify(sent, body, [key], timestamp) == message_id


def test_a_secret_is_its_bytes_or_base64_that_says_so():
    assert secret_key("a" * 24) == b"a" * 24
    assert secret_key(ENCODED + b64encode(KEY).decode()) == KEY


@pytest.mark.parametrize(
    "secret", ["", "a" * 23, ENCODED + b64encode(b"a" * 23).decode(), ENCODED + "not base64!" * 4]
)
def test_a_weak_secret_is_refused(secret):
    with pytest.raises(ValueError, match=r"24 bytes|base64"):
        secret_key(secret)
