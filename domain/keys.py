"""Keys made of the secrets that a process is given: one for each purpose, so that none serves another."""

import hmac
from collections.abc import Iterable, Sequence

Keys = Sequence[bytes]
"""Of one purpose: the first one signs, any of them is accepted."""


def derived(secret: str, purpose: str) -> bytes:
    """64 bytes, from which neither the secret nor another purpose's key can be found."""
    return hmac.digest(secret.encode(), f"casabricks {purpose}".encode(), "sha512")


def keys_for(purpose: str, secrets: Iterable[str]) -> Keys:
    """Of secrets from the newest to the oldest that is still accepted."""
    return tuple(derived(secret, purpose) for secret in secrets)
