"""What a writer says beside the body: which version it has seen (If-Match), how long it waits (Prefer).

Versions are strong tags, so a weak one matches nothing (RFC 9110). `*` is accepted, as the RFC has it:
who sends it says that any version will do, and the audit row keeps what was there before.
"""

import re

from schemas.errors import FieldError, PreconditionRequired, Unparsable
from server.context import CasaRequest
from services.properties.rows import Seen

TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
TAGS = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t]*(?:{TAG})?)*[ \t]*")
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
    if not TAGS.fullmatch(given):
        wrong = FieldError("#/If-Match", "header", "entity_tags", 'is a list of entity tags: "3"')
        raise Unparsable("If-Match cannot be read.", (wrong,))
    tags = [tag for weak, tag in re.findall(TAG, given) if not weak]
    return frozenset(int(tag) for tag in tags if VERSION.fullmatch(tag))


def preferred_wait_s(request: CasaRequest) -> int | None:
    """Seconds of `Prefer: wait=N` (RFC 7240), as many of them as we grant; a preference never fails."""
    found = WAIT.search(",".join(request.headers.getall("prefer", [])))
    return min(int(found[1]), LONGEST_WAIT_S) if found else None
