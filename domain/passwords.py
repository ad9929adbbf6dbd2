"""Passwords: which are good enough, and how they are kept.

Length is what counts (NIST SP 800-63B-4): fifteen bytes at least and no rules of composition. bcrypt
reads 72 bytes and raises on more, so longer ones are refused when set, and simply wrong at a login.
"""

import secrets
from functools import cache
from importlib.resources import files
from unicodedata import normalize

import bcrypt

COST = 12
"""OWASP's floor for bcrypt; about 0.3 s a hash on a small machine."""
FEWEST_BYTES = 15
MOST_BYTES = 72
CONTEXT_WORDS = ("casabricks", "noida", "password", "property")
SHORTEST_REST = 8
"""Bytes that must be left of a password without what everybody would guess of it."""


def hash_password(password: str, cost: int = COST) -> str:
    """Hash a password of at most 72 bytes; bcrypt itself raises ValueError on a longer one."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def is_password(password: str, hashed: str) -> bool:
    """Whether a password is the one that was hashed; takes as long for one that never can be."""
    raw = password.encode()
    possible = len(raw) <= MOST_BYTES and b"\0" not in raw
    try:
        same = bcrypt.checkpw(raw if possible else b"", hashed.encode())
    except ValueError:
        return False  # what is stored is no hash
    return same and possible


def needs_rehash(hashed: str, cost: int = COST) -> bool:
    """Whether a hash was made at another cost than passwords are hashed at today."""
    return not hashed.startswith(f"$2b${cost:02}$")


def draw_password() -> str:
    """A password for somebody to sign in with once: 24 characters, 144 bits."""
    return secrets.token_urlsafe(18)


def weakness(password: str, email: str = "") -> str | None:
    """Why a password cannot be set, as a predicate; None if it can."""
    size = len(password.encode())
    if size < FEWEST_BYTES:
        return f"must have at least {FEWEST_BYTES} characters"
    if size > MOST_BYTES:
        return f"must have at most {MOST_BYTES} bytes"
    plain = normalize("NFKC", password).casefold()
    if plain in common_passwords() or len(set(plain)) < 5:
        return "is one that everybody tries first"
    if len(_without(plain, (*CONTEXT_WORDS, email.partition("@")[0].casefold())).encode()) < SHORTEST_REST:
        return "is too close to your name or to ours"
    return None


def _without(plain: str, words: tuple[str, ...]) -> str:
    for word in words:
        if len(word) >= 3:
            plain = plain.replace(word, "")
    return plain


@cache
def common_passwords() -> frozenset[str]:
    """The long ones among the passwords that are tried first; shorter ones are refused for their length."""
    text = files("domain").joinpath("data/common_passwords.txt").read_text()
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
