"""What a writer says beside the body: which version it has seen (If-Match), how long it waits (Prefer).

Versions are strong tags, so a weak one matches nothing (RFC 9110). `*` is accepted, as the RFC has it:
who sends it says that any version will do, and the audit row keeps what was there before.
"""

import re

from schemas.errors import FieldError, PreconditionRequired, Unparsable
from server.context import CasaRequest
from services.properties.rows import Seen

MEMBER = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|\Z)')
"""One of a list, which may be empty. Members are matched one by one: as one expression the list can be read
in many ways, and a long row of commas would take for ever."""
VERSION = re.compile(r"[1-9]\d{0,9}", re.ASCII)
WAIT = re.compile(r"(?:^|,)[ \t]*wait[ \t]*=[ \t]*\"?(\d{1,9})\"?[ \t]*(?=[;,]|$)", re.ASCII | re.IGNORECASE)
LONGEST_WAIT_S = 10


def seen_versions(request: CasaRequest) -> Seen:
    """The versions named by If-Match; None for any.

    Raises:
        PreconditionRequired: there is no If-Match.
        Unparsable: it is no list of entity tags.
    """
    lines = request.headers.getall("if-match", None)
    if lines is None:
        raise PreconditionRequired("Send the ETag of the version that you have seen as If-Match.")
    given = ",".join(lines)
    if given.strip(" \t") == "*":
        return None
    tags = [tag for weak, tag in _entity_tags(given) if not weak]
    return frozenset(int(tag) for tag in tags if VERSION.fullmatch(tag))


def _entity_tags(given: str) -> list[tuple[str | None, str]]:
    """Whether each is weak, and what it says."""
    members, place = [], 0
    while place < len(given) and (member := MEMBER.match(given, place)):
        members.append(member)
        place = member.end()
    tags = [(member[1], member[2]) for member in members if member[2] is not None]
    if place < len(given) or not tags:
        wrong = FieldError("#/If-Match", "header", "entity_tags", 'is a list of entity tags: "3"')
        raise Unparsable("If-Match cannot be read.", (wrong,))
    return tags


def preferred_wait_s(request: CasaRequest) -> int | None:
    """Seconds of `Prefer: wait=N` (RFC 7240), as many of them as we grant; a preference never fails."""
    found = WAIT.search(",".join(request.headers.getall("prefer", [])))
    return min(int(found[1]), LONGEST_WAIT_S) if found else None
