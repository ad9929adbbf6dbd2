"""Passwords: which are strong enough, and how they are hashed.

Length matters most (NIST SP 800-63B-4): at least fifteen characters, and no composition rules. Keyboards
encode the same password in different bytes, so its prepared form is hashed. bcrypt reads 72 bytes and raises
on more, so longer passwords are refused when set, and count as wrong at a login.
"""

import secrets
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize

import bcrypt

COST = 12
"""OWASP's minimum for bcrypt; about 0.3 s per hash on a small machine."""
FEWEST = 15
"""Characters, counted as code points like NIST does."""
MOST_BYTES = 72
CONTEXT_WORDS = ("casabricks", "noida", "password", "property")
SHORTEST_REST = 8
"""Characters that must remain after removing easily guessed words."""


def prepared(password: str) -> str:
    """Return a password prepared as an OpaqueString (RFC 8265): one kind of blank, in NFC."""
    return normalize("NFC", "".join(" " if category(sign) == "Zs" else sign for sign in password))


def hash_password(password: str, cost: int = COST) -> str:
    """Hash a password of at most 72 bytes; bcrypt raises ValueError on a longer one."""
    return bcrypt.hashpw(prepared(password).encode(), bcrypt.gensalt(cost)).decode()


def is_password(password: str, hashed: str) -> bool:
    """Return whether a password matches the hash; takes equally long for an impossible password."""
    raw = prepared(password).encode()
    possible = len(raw) <= MOST_BYTES and b"\0" not in raw
    try:
        same = bcrypt.checkpw(raw if possible else b"", hashed.encode())
    except ValueError:
        return False  # the stored value is not a hash
    return same and possible


def needs_rehash(hashed: str, cost: int = COST) -> bool:
    """Return whether a hash was made at a cost other than the current one."""
    return not hashed.startswith(f"$2b${cost:02}$")


def draw_password() -> str:
    """Generate a one-time password: 24 characters, 144 bits."""
    return secrets.token_urlsafe(18)


def weakness(password: str, email: str = "") -> str | None:
    """Return why a password cannot be set, as a predicate; None if it can."""
    ready = prepared(password)
    if len(ready) < FEWEST:
        return f"must have at least {FEWEST} characters"
    if len(ready.encode()) > MOST_BYTES:
        return f"must have at most {MOST_BYTES} bytes"
    if any(category(sign) == "Cc" for sign in ready):
        return "must not hold control characters"
    plain = normalize("NFKC", password).casefold()
    if plain in common_passwords() or len(set(plain)) < 5:
        return "is one that everybody tries first"
    if len(_without(plain, (*CONTEXT_WORDS, email.partition("@")[0].casefold()))) < SHORTEST_REST:
        return "is too close to your name or to ours"
    return None


def _without(plain: str, words: tuple[str, ...]) -> str:
    for word in words:
        if len(word) >= 3:
            plain = plain.replace(word, "")
    return plain


@cache
def common_passwords() -> frozenset[str]:
    """Return the long ones of the most common passwords; shorter ones are refused by length."""
    text = files("domain").joinpath("data/common_passwords.txt").read_text()
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
