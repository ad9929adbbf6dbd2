"""Passwords, kept only as bcrypt hashes."""

import bcrypt

COST = 12
"""OWASP's floor for bcrypt; about 0.3 s a hash on a small machine."""


def hash_password(password: str) -> str:
    """Hash a password of at most 72 bytes; bcrypt itself raises ValueError on a longer one."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(COST)).decode()
