"""Ids as URLs spell them."""

import re
from uuid import UUID

SPELLING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def read_id(text: str) -> UUID | None:
    """Return the id that a text spells, in lower or upper case; else None.

    Python's own parser also accepts braces, `urn:uuid:` and ids without hyphens, which would give every page
    many URLs.
    """
    return UUID(text) if SPELLING.fullmatch(text) else None
