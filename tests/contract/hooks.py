"""Hooks for Schemathesis: tokens, existing ids, and rules that JSON Schema cannot express."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from domain.security.tokens import issue_token, signing_keys
from schemas.sectors import LOCALITIES
from schemas.texts import one_line
from tests import pictures

KNOWN: Mapping[str, list[str]] = json.loads(os.environ["CONTRACT_KNOWN"])
"""Parameter -> existing ids."""
SOMEBODY, SECRET = os.environ.get("CONTRACT_ACCOUNT"), os.environ["CONTRACT_SECRET"]
DRAWN = Random(7)

schemathesis.openapi.format("locality", st.sampled_from(sorted(LOCALITIES)))
schemathesis.openapi.format("sector", st.sampled_from(sorted({fact.sector for fact in LOCALITIES.values()})))
schemathesis.openapi.format("phone", st.integers(9_800_000_000, 9_899_999_999).map("+91{}".format))
schemathesis.openapi.format("email", st.integers(0, 999).map("visitor-{}@example.com".format))
for kind, content in {
    "image/jpeg": pictures.jpeg(pictures.photo(300, 200)),
    "image/png": pictures.png(pictures.photo(300, 200)),
    "image/webp": pictures.webp(pictures.photo(300, 200)),
    "text/csv": b"title,locality\nA,Sector 62\n",
    "application/x-ndjson": b'{"title": "A", "locality": "Sector 62"}\n',
    "application/jsonl": b'{"title": "A", "locality": "Sector 62"}\n',
}.items():
    schemathesis.openapi.media_type(kind, st.just(content))
schemathesis.openapi.format("search", st.sampled_from(['{"bhk":[3]}', '{"listing_type":"rent","q":"metro"}']))
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(2001, 1, 1), datetime(2199, 1, 1)).map("{:%Y-%m-%dT%H:%M:%SZ}".format),  # noqa: DTZ001
)
schemathesis.openapi.format("date", st.dates(date(2026, 1, 1), date(2026, 12, 1)).map(str))

WAITS = {str(seconds) for seconds in range(1, 11)}

BEYOND_A_SCHEMA = frozenset(
    {
        "band", "blank", "cursor", "email", "empty_box", "entity_tags", "file", "given_twice",
        "half_a_place", "key_reused", "lost_reason", "no_area", "no_centre", "no_viewport",
        "not_an_active_admin", "nothing", "nul", "one_of_two", "one_place", "page_and_cursor",
        "page_too_deep", "period", "phone", "plot_without_bhk", "primary", "repeated",
        "reversed_range", "taken", "unknown_locality", "unknown_map", "unknown_sector",
        "weak_password", "wrong_password",
    }
)  # fmt: skip
"""Error codes of rules that the contract states only in words: fields that must fit together, parsed
texts."""


@schemathesis.auth(refresh_interval=None)
class Token:
    """Gives each request a new token, because one of the operations signs out."""

    def get(self, _case: schemathesis.Case, _context: schemathesis.AuthContext) -> str | None:
        if SOMEBODY is None:
            return None
        return issue_token(UUID(SOMEBODY), 0, signing_keys(SECRET), datetime.now(UTC))

    def set(self, case: schemathesis.Case, data: str, _context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Replace ids by existing ones in three of four cases."""
    for part in (case.path_parameters, case.body):
        for name in KNOWN.keys() & set(part if isinstance(part, dict) else ()):
            if is_id(part[name]) and DRAWN.random() < 0.75:
                part[name] = DRAWN.choice(KNOWN[name])
    return case


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Use random client addresses because of the rate limits, and do not wait for an indexer."""
    if isinstance(case.query, dict) and str(case.query.get("wait")) in WAITS:
        case.query["wait"] = 0
    case.headers["X-Forwarded-For"] = ".".join(str(DRAWN.randrange(1, 224)) for _ in range(4))


HARMLESS = (
    "in header - object with unexpected properties",
    "in header - only required properties",
    "in body - multipart body with custom encoding",
    "Invalid component: positive test case",
)


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case,
    response: schemathesis.Response,
) -> bool:
    """Ignore a refusal of a valid request if all its codes are for rules beyond JSON Schema.

    Also ignore accepted invalid requests that only have an extra header or do not differ from valid ones. An
    empty value in a query string counts as not given, so it is valid for any type. A text may be too long
    only by characters that cleaning removes.
    """
    if isinstance(failure, AcceptedNegativeData):
        query = case.query if isinstance(case.query, dict) else {}
        is_blank = any(value in ("", [""]) for value in query.values())
        is_harmless = any(harmless in failure.message for harmless in HARMLESS)
        return not (is_blank or is_harmless or is_shortened(failure.message, case.body))
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in {400, 422}:
        return True
    problem = response.json()
    codes = {error["code"] for error in problem["errors"]}
    if problem["code"] == "unparsable" and "search" in case.query:
        return False  # a text that is not JSON
    return not codes or not codes <= BEYOND_A_SCHEMA


TOO_LONG = re.compile(r"violates `maxLength` at \S*/(\w+) ")


def is_shortened(message: str, body: Any) -> bool:
    """Whether the field that is said to be too long has characters that cleaning removes."""
    field = TOO_LONG.search(message)
    value = body.get(field[1]) if field and isinstance(body, dict) else None
    return isinstance(value, str) and one_line(value) != value


def is_id(value: Any) -> bool:
    try:
        return bool(UUID(value))
    except (AttributeError, TypeError, ValueError):
        return False
