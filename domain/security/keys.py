"""Keys derived from the process's secrets, one per purpose, so that a key for one purpose fits no other."""

import hmac
from collections.abc import Iterable, Sequence

Keys = Sequence[bytes]
"""Keys of one purpose: the first one signs, all are accepted."""


def derived(secret: str, purpose: str) -> bytes:
    """Return 64 bytes that reveal neither the secret nor the key of another purpose."""
    return hmac.digest(secret.encode(), f"casabricks {purpose}".encode(), "sha512")


def keys_for(purpose: str, secrets: Iterable[str]) -> Keys:
    """Return the keys of secrets that are ordered from newest to oldest."""
    return tuple(derived(secret, purpose) for secret in secrets)
