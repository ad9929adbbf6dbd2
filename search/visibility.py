"""Explain why a listing is not in a search: the first reason, as the engine reports it.

Each filter of the search is queried separately together with the listing's id, in one round trip. The
filters come from the same code that searches use, so a filter added there is explained here too.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bedrooms import bhk_number
from indexer.lifecycle.generations import alias_target
from schemas.api.admin.properties import FilterVerdict, IndexStanding, RowStanding, Visibility
from schemas.api.search.canonical import ListingSearch
from schemas.errors import SearchUnavailable
from schemas.index.listings import MAPPING
from schemas.tables import DeadLetter, OutboxRow, Property
from search.engine import ask
from search.queries import Body, filters, page_of_listings
from services.properties.rows import find

FIELDS = frozenset(MAPPING["properties"])
STRIDE = 10_000
"""Hits fetched at a time to find the rank; the engine returns no more in one answer."""
DEEPEST_RANK = 100_000
GEO_FIELD = "location"
"""The index field that a search's `geo` filters."""

Reason = tuple[str, str]
"""A reason as a code for programs and as text for people."""


@dataclass(frozen=True)
class Clause:
    """One filter of a search and the visitor's choice."""

    field: str
    wanted: Any
    body: Body


@dataclass(frozen=True)
class DatabaseState:
    """What Postgres knows: the row, the age of its oldest pending change, and its dead letter."""

    row: Property
    oldest_pending_change_age_s: float | None
    letter: DeadLetter | None


@dataclass(frozen=True)
class IndexState:
    """What the engine knows: the document's revision, a verdict for each filter, and the rank."""

    revision: int | None
    verdicts: list[FilterVerdict]
    rank: int | None
    problem: Reason | None = None

    @property
    def visible(self) -> bool:
        return self.revision is not None and all(verdict["matches"] for verdict in self.verdicts)

    def is_ahead_of(self, database: DatabaseState) -> bool:
        """Whether the document's revision is higher than that of the row as it was read."""
        return self.revision is not None and self.revision > database.row.revision


async def read_database_state(session: AsyncSession, property_id: str) -> DatabaseState:
    """Read what Postgres knows of the property; raises NotFound if there is no such property."""
    row = await find(session, property_id)
    oldest = select(func.min(OutboxRow.created_at)).where(OutboxRow.property_id == row.id).scalar_subquery()
    age = await session.scalar(select(func.extract("epoch", func.clock_timestamp() - oldest)))
    age_s = None if age is None else round(max(0.0, float(age)), 1)
    return DatabaseState(row, age_s, await session.get(DeadLetter, row.id))


async def explain(
    search: AsyncOpenSearch, alias: str, read: Callable[[], Awaitable[DatabaseState]], wanted: ListingSearch
) -> Visibility:
    """Tell whether the listing is in the search, at what rank, or why not; an outage is a reason too."""
    database = await read()
    index = await read_index_state(search, alias, database.row.id, wanted)
    if index.is_ahead_of(database):
        database = await read()  # it may have been edited between the two reads
    reason, detail = (
        (None, _visible_detail(database, index)) if index.visible else _hidden_reason(database, index)
    )
    return Visibility(
        visible=index.visible,
        reason=reason,
        detail=detail,
        row=_row_standing(database.row),
        index=_index_standing(database, index),
        filters=index.verdicts,
        rank=index.rank,
        page=None if index.rank is None else (index.rank - 1) // wanted.page_size + 1,
    )


def _row_standing(row: Property) -> RowStanding:
    return RowStanding(state=row.state, is_active=row.is_active, revision=row.revision, version=row.version)


def _index_standing(database: DatabaseState, index: IndexState) -> IndexStanding:
    letter = database.letter
    return IndexStanding(
        revision=index.revision,
        up_to_date=index.revision == database.row.revision,
        oldest_pending_change_age_s=database.oldest_pending_change_age_s,
        dead_letter=None if letter is None else f"{letter.error_type}: {letter.reason}",
    )


def _visible_detail(database: DatabaseState, index: IndexState) -> str:
    place = f"at place {index.rank:,}" if index.rank else f"behind the first {DEEPEST_RANK:,}"
    if index.problem:
        place = index.problem[1]
    late = (
        "" if _index_standing(database, index)["up_to_date"] else f", as it was: {_lag_text(database, index)}"
    )
    return f"It is in this search, {place}{late}."


def _hidden_reason(database: DatabaseState, index: IndexState) -> Reason:
    """Return the first reason; the row's state comes before the index."""
    row, letter = database.row, database.letter
    if not row.is_active:
        return "state", f"It is {row.state}; only what is active or under offer is shown."
    if index.problem:
        return index.problem
    if letter is not None and letter.revision >= row.revision:
        return "dead_letter", f"The index refused revision {letter.revision}: {letter.reason}"
    if not _index_standing(database, index)["up_to_date"]:
        return "not_indexed", f"The index does not show it as it is yet: {_lag_text(database, index)}."
    unmatched = next(verdict for verdict in index.verdicts if not verdict["matches"])
    return unmatched["field"], f"Its {unmatched['field']} is not what is searched for."


def _lag_text(database: DatabaseState, index: IndexState) -> str:
    there = "not in the index" if index.revision is None else f"the index at {index.revision}"
    if index.is_ahead_of(database):
        there += ", which a restored database has never reached: an operator runs `indexer verify --repair`"
    age_s = database.oldest_pending_change_age_s
    wait = "" if age_s is None else f", pending since {age_s:g} s"
    return f"the row is at revision {database.row.revision}, {there}{wait}"


async def read_index_state(
    search: AsyncOpenSearch, alias: str, property_id: UUID, wanted: ListingSearch
) -> IndexState:
    """Ask the engine about one listing in a search."""
    try:
        if not await alias_target(search, alias):
            return IndexState(None, [], None, ("no_index", "There is no index yet: run `indexer reindex`."))
        index = IndexState(*await _check_filters(search, alias, property_id, wanted), None)
    except (SearchUnavailable, OpenSearchException):
        return IndexState(None, [], None, ("search_unavailable", "Search cannot be reached just now."))
    if not index.visible:
        return index
    try:
        return replace(index, rank=await rank_of(search, alias, property_id, wanted))
    except SearchUnavailable:
        return replace(index, problem=("no_rank", "its place could not be found in time"))


async def _check_filters(
    search: AsyncOpenSearch, alias: str, property_id: UUID, wanted: ListingSearch
) -> tuple[int | None, list[FilterVerdict]]:
    """Return the document's revision and a verdict for each filter; (None, []) if there is no document."""
    itself: Body = {"ids": {"values": [str(property_id)]}}
    asked = list(clauses(wanted))
    document, *answers = await ask(
        search,
        alias,
        [
            {"query": itself, "version": True},
            *({"query": {"bool": {"filter": [clause.body, itself]}}, "size": 0} for clause in asked),
        ],
    )
    if not (hits := document["hits"]["hits"]):
        return None, []
    source = hits[0]["_source"]
    return hits[0]["_version"], [
        FilterVerdict(
            field=clause.field,
            value=indexed_value(source, clause.body),
            wanted=clause.wanted,
            matches=answer["hits"]["total"]["value"] > 0,
        )
        for clause, answer in zip(asked, answers, strict=True)
    ]


def clauses(search: ListingSearch) -> Iterator[Clause]:
    """Yield the filters of a search in the order of reporting: base, text, choices."""
    chosen, made = search.model_dump(mode="json", exclude_none=True), filters(search)
    for body in made.base:
        field = next(fields_in(body))
        name = "geo" if field == GEO_FIELD else field
        yield Clause(name, chosen.get(name, True), body)
    for body in made.text:
        yield Clause("q", search.q, body)
    for group, body in made.chosen.items():
        yield Clause(group, chosen[group], body)


def indexed_value(source: Body, body: Body) -> Any:
    """Return the document's values of the fields in a filter; a single value without its name."""
    values = {field: source[field] for field in dict.fromkeys(fields_in(body)) if field in source}
    if values.get("bhk") is not None:
        values["bhk"] = bhk_number(values["bhk"])
    return next(iter(values.values())) if len(values) == 1 else values


def fields_in(body: Any) -> Iterator[str]:
    """Yield the index fields in a filter. The visitor's words are values, not keys, so they are ignored."""
    if isinstance(body, list | tuple):
        for inner in body:
            yield from fields_in(inner)
    if isinstance(body, dict):
        for key, inner in body.items():
            if (field := key.partition(".")[0]) in FIELDS:
                yield field
            elif key == "field":
                yield inner
            else:
                yield from fields_in(inner)


async def rank_of(
    search: AsyncOpenSearch, alias: str, property_id: UUID, wanted: ListingSearch, *, stride: int = STRIDE
) -> int | None:
    """Return the listing's rank, from 1, by paging through the order; None beyond DEEPEST_RANK."""
    first = wanted.model_copy(update={"page": 1})
    made, after = filters(first), None
    for before in range(0, DEEPEST_RANK, stride):
        body = page_of_listings(first, made, with_total=False, after=after)
        [page] = await ask(search, alias, [body | {"size": stride, "_source": False}])
        hits = page["hits"]["hits"]
        ids = [hit["_id"] for hit in hits]
        if str(property_id) in ids:
            return before + ids.index(str(property_id)) + 1
        if len(hits) < stride:
            break
        after = hits[-1]["sort"]
    return None
