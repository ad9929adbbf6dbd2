"""Entity tags as If-Match and If-None-Match list them (RFC 9110, 8.8.3)."""

import re

from sanic.compat import Header

ANY = "*"
MEMBER = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|\Z)')
"""One of a list, which may be empty. Members are matched one by one: as one expression the list can be read
in many ways, and a long row of commas would take for ever."""


class NoTags(ValueError):
    """It is no list of entity tags."""


def read_tags(headers: Header, name: str) -> list[tuple[bool, str]] | None:
    """Of a header that is there, whether each tag is weak and what it says; None for `*`.

    Raises:
        NoTags: it lists nothing, or something else.
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
        raise NoTags
    return tags
