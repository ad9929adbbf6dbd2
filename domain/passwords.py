"""Passwords: which are good enough, and how they are kept.

Length is what counts (NIST SP 800-63B-4): fifteen characters at least and no rules of composition. The
same password comes in other bytes from another keyboard, so what is hashed is its prepared form. bcrypt
reads 72 bytes and raises on more, so longer ones are refused when set, and simply wrong at a login.
"""

import secrets
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize

import bcrypt

COST = 12
"""OWASP's floor for bcrypt; about 0.3 s a hash on a small machine."""
FEWEST = 15
"""Characters, as NIST counts them: code points."""
MOST_BYTES = 72
CONTEXT_WORDS = ("casabricks", "noida", "password", "property")
SHORTEST_REST = 8
"""Characters that must be left of a password without what everybody would guess of it."""


def prepared(password: str) -> str:
    """As RFC 8265 prepares an OpaqueString: one kind of blank, and accents and signs in one form (NFC)."""
    return normalize("NFC", "".join(" " if category(sign) == "Zs" else sign for sign in password))


def hash_password(password: str, cost: int = COST) -> str:
    """Hash a password of at most 72 bytes; bcrypt itself raises ValueError on a longer one."""
    return bcrypt.hashpw(prepared(password).encode(), bcrypt.gensalt(cost)).decode()


def is_password(password: str, hashed: str) -> bool:
    """Whether a password is the one that was hashed; takes as long for one that never can be."""
    raw = prepared(password).encode()
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
    """The long ones among the passwords that are tried first; shorter ones are refused for their length."""
    text = files("domain").joinpath("data/common_passwords.txt").read_text()
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
