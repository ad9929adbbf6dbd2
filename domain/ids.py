"""Ids as addresses spell them."""

import re
from uuid import UUID

SPELLING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def read_id(text: str) -> UUID | None:
    """The id that a text spells, in small letters or in capitals.

    Python's own reader takes braces, `urn:uuid:` and ids without hyphens as well, which would give every
    page many addresses.
    """
    return UUID(text) if SPELLING.fullmatch(text) else None
