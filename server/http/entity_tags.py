"""Parses the entity tags of If-Match and If-None-Match (RFC 9110, 8.8.3)."""

import re

from sanic.compat import Header

ANY = "*"
MEMBER = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|\Z)')
"""One member of a list, possibly empty. Members are matched one by one, because a single expression for the
whole list would be ambiguous and backtrack practically forever over many commas."""


class MalformedEntityTags(ValueError):
    """The header is not a list of entity tags."""


def read_tags(headers: Header, name: str) -> list[tuple[bool, str]] | None:
    """Return (is weak, tag) for each tag of a header that is present; None for `*`.

    Raises:
        MalformedEntityTags: the list is empty or malformed.
    """
    given = ",".join(headers.getall(name, []))
    if given.strip(" \t") == ANY:
        return None
    tags, place = [], 0
    while place < len(given) and (member := MEMBER.match(given, place)):
        if member[2] is not None:
            tags.append((member[1] is not None, member[2]))
        place = member.end()
    if place < len(given) or not tags:
        raise MalformedEntityTags
    return tags
