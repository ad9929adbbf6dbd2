"""Password rules and password hashes."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.passwords import (
    common_passwords,
    draw_password,
    hash_password,
    is_password,
    needs_rehash,
    prepared,
    weakness,
)

GOOD = "seven lamps by the river"
CHEAP = 4


def test_a_password_is_recognised_by_its_hash():
    hashed = hash_password(GOOD, CHEAP)
    assert (is_password(GOOD, hashed), is_password(GOOD + "!", hashed)) == (True, False)


@pytest.mark.parametrize("password", ["x" * 73, "ü" * 37, "a\0b", "", "x" * 100_000])
def test_what_bcrypt_cannot_read_is_wrong_and_no_error(password: str):
    assert not is_password(password, hash_password(GOOD, CHEAP))
    assert not is_password(password, hash_password("", CHEAP)) or password == ""


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=18))
def test_a_password_is_the_same_from_every_keyboard(password: str):
    kept = hash_password(password, CHEAP)
    others = [normalize(form, password) for form in ("NFC", "NFD")]
    assert all(is_password(other, kept) for other in [*others, password.replace(" ", "\u00a0")])


@given(st.text())
def test_preparing_twice_changes_nothing_more(password: str):
    assert prepared(prepared(password)) == prepared(password)


@pytest.mark.parametrize("stored", ["no hash", "", "$2b$04$short"])
def test_a_damaged_hash_is_nobodys(stored: str):
    assert not is_password(GOOD, stored)


@given(st.text(min_size=1, max_size=72))
def test_every_possible_password_can_be_kept(password: str):
    if len(password.encode("utf-8", "replace")) <= 72 and "\0" not in password:
        try:
            password.encode()
        except UnicodeEncodeError:
            return
        assert is_password(password, hash_password(password, CHEAP))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        (GOOD, None),
        ("पासवर्ड बहुत लंबा", None),
        ("पाँच अक्षर", "must have at least 15 characters"),
        ("u\u0308" * 14, "must have at least 15 characters"),
        ("seven lamps\tby the river", "must not hold control characters"),
        ("x" * 14, "must have at least 15 characters"),
        ("seven lamps by the river " * 3, "must have at most 72 bytes"),
        ("passwordpassword", "is one that everybody tries first"),
        ("PasswordPassword", "is one that everybody tries first"),
        ("qwertyuiopasdfgh", "is one that everybody tries first"),
        ("aaaaaaaaaaaaaaaa", "is one that everybody tries first"),
        ("abababababababab", "is one that everybody tries first"),
        ("casabricks-noida-1", "is too close to your name or to ours"),
        ("asha.rao-asha.rao-7", "is too close to your name or to ours"),
    ],
)
def test_length_counts_and_what_everybody_would_guess_does_not(password: str, why: str | None):
    assert weakness(password, "asha.rao@casabricks.example") == why


def test_drawn_passwords_are_good_and_never_the_same():
    drawn = {draw_password() for _ in range(100)}
    assert (len(drawn), {weakness(password) for password in drawn}) == (100, {None})


def test_the_blocked_list_holds_only_what_length_would_let_through():
    assert len(common_passwords()) >= 2_000
    assert all(15 <= len(password.encode()) <= 72 for password in common_passwords())


def test_a_hash_of_another_cost_is_outdated():
    hashed = hash_password(GOOD, CHEAP)
    assert (needs_rehash(hashed, CHEAP), needs_rehash(hashed, 12), needs_rehash("no hash")) == (
        False,
        True,
        True,
    )
