"""Headers of writes: the version that the client has seen (If-Match), and how long it waits (Prefer).

Versions are strong tags, so a weak one matches nothing (RFC 9110). `*` is accepted, as in the RFC: the
client accepts any version, and the audit row keeps the previous values.
"""

import re

from schemas.errors import FieldError, PreconditionRequired, Unparsable
from server.context import CasaRequest
from server.http.entity_tags import MalformedEntityTags, read_tags
from services.properties.rows import ExpectedVersions

VERSION = re.compile(r"[1-9]\d{0,9}", re.ASCII)
WAIT = re.compile(r"(?:^|,)[ \t]*wait[ \t]*=[ \t]*\"?(\d{1,9})\"?[ \t]*(?=[;,]|$)", re.ASCII | re.IGNORECASE)
LONGEST_WAIT_S = 10


def expected_versions(request: CasaRequest) -> ExpectedVersions:
    """Return the versions in If-Match; None for any.

    Raises:
        PreconditionRequired: there is no If-Match.
        Unparsable: it is not a list of entity tags.
    """
    if "if-match" not in request.headers:
        raise PreconditionRequired("Send the ETag of the version that you have seen as If-Match.")
    try:
        tags = read_tags(request.headers, "if-match")
    except MalformedEntityTags:
        wrong = FieldError("#/If-Match", "header", "entity_tags", 'is a list of entity tags: "3"')
        raise Unparsable("If-Match cannot be read.", (wrong,)) from None
    if tags is None:
        return None
    return frozenset(int(tag) for weak, tag in tags if not weak and VERSION.fullmatch(tag))


def preferred_wait_s(request: CasaRequest) -> int | None:
    """Return the seconds of `Prefer: wait=N` (RFC 7240), at most 10; a malformed preference is ignored."""
    found = WAIT.search(",".join(request.headers.getall("prefer", [])))
    return min(int(found[1]), LONGEST_WAIT_S) if found else None
