"""Turn a visitor's text into filters of the search that it came with."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from domain.query_reader.reader import Known, Span, Understanding, read_query
from domain.query_reader.readings import Field
from domain.query_reader.rendering import in_words
from schemas.api.search.canonical import ListingSearch, plain_text
from schemas.api.search.listings import ListingsRequest
from schemas.api.search.understood import IgnoredSpan, ReadConflict, ReadSpan, Understood
from schemas.sectors import LOCALITIES

Search = TypeVar("Search", bound=ListingSearch)
SAID_BY_PRESENCE = frozenset({Field.LISTING_TYPE.value, Field.SORT.value})
"""Fields with a default: their value is the visitor's choice only if the request contains the field."""


def understand_listings(request: ListingsRequest) -> tuple[ListingsRequest, Understood | None]:
    """Return the request with its text understood, if it has one and asks for it; set `understand`."""
    plain = request.model_copy(update={"q": plain_text(request.q), "understand": True})
    return understand(plain, request.q) if request.understand and plain.q else (plain, None)


def understand(wanted: Search, text: str, *, guess: bool = True) -> tuple[Search, Understood]:
    """Return the search with the filters in its text, and a report of them. The operation is idempotent.

    Filters that the search already has win over its text; differences are reported as conflicts. `guess` is
    for finished texts: a number alone is then read as a price.
    """
    read, overruled, conflicts = _without_other_offer(wanted, text, guess=guess)
    applied, more = _applied(wanted, read.filters)
    resolved = wanted.model_copy(update={**applied, "q": plain_text(read.text_rest)})
    refused = {conflict["field"] for conflict in more}
    filters = {name: value for name, value in read.filters.items() if name not in refused}
    spans = sorted((*read.spans, *overruled), key=lambda span: (span.start, span.end))
    return resolved, Understood(
        filters=filters,
        in_words=in_words(filters),
        text_rest=resolved.q,
        spans=[_span(span) for span in spans],
        ignored=[IgnoredSpan(start=one.start, end=one.end, text=one.text) for one in read.ignored],
        conflicts=[*conflicts, *more],
    )


def _span(span: Span) -> ReadSpan:
    return ReadSpan(
        start=span.start,
        end=span.end,
        field=span.field,
        value=span.value,
        confidence=span.confidence,
        assumed=span.assumed,
    )


def _without_other_offer(
    wanted: ListingSearch, text: str, *, guess: bool
) -> tuple[Understanding, list[Span], list[ReadConflict]]:
    """Read the text without its mention of the other offer type and without prices, which belong to that."""
    given = wanted.listing_type if "listing_type" in wanted.model_fields_set else None
    known = Known(given, priced=wanted.price is not None or not guess)
    overruled: list[Span] = []
    conflicts: list[ReadConflict] = []
    read = read_query(text, known)
    while given is not None and read.filters.get(Field.LISTING_TYPE, given) != given:
        gone = [span for span in read.spans if span.field in {Field.LISTING_TYPE, Field.PRICE}]
        conflicts = conflicts or _other_offer(wanted, read.filters)
        overruled += gone
        text = _blanked(text, gone)
        read = read_query(text, known)
    return read, overruled, conflicts


def _other_offer(wanted: ListingSearch, filters: Mapping[str, Any]) -> list[ReadConflict]:
    return [
        ReadConflict(field=name, given=_as_json(wanted, name), read=filters[name])
        for name in (Field.LISTING_TYPE.value, Field.PRICE.value)
        if name in filters
    ]


def _blanked(text: str, gone: Iterable[Span]) -> str:
    letters = list(text)
    for span in gone:
        letters[span.start : span.end] = " " * (span.end - span.start)
    return "".join(letters)


def _applied(wanted: ListingSearch, filters: Mapping[str, Any]) -> tuple[dict[str, Any], list[ReadConflict]]:
    """Return the filters that the search takes over, and those that conflict with its own."""
    asked = ListingSearch.model_validate(filters)
    applied: dict[str, Any] = {}
    conflicts = []
    for name in filters:
        ours = getattr(asked, name)
        rival = _rival(wanted, name)
        if rival is None:
            applied[name] = ours
        elif not _same(wanted, rival, ours):
            conflicts.append(ReadConflict(field=name, given=_as_json(wanted, rival), read=filters[name]))
    return applied, conflicts


def _rival(wanted: ListingSearch, name: str) -> str | None:
    """Return the field in which the search already states what was read for `name`; None if there is none."""
    if name in SAID_BY_PRESENCE:
        return name if name in wanted.model_fields_set else None
    if getattr(wanted, name):
        return name
    return "sector" if name == Field.LOCALITY and wanted.sector else None


def _same(wanted: ListingSearch, rival: str, ours: Any) -> bool:
    if rival == "sector":
        return set(wanted.sector) == {LOCALITIES[locality].sector for locality in ours}
    return bool(getattr(wanted, rival) == ours)


def _as_json(wanted: ListingSearch, name: str) -> Any:
    return wanted.model_dump(mode="json", include={name}, exclude_none=True).get(name)
