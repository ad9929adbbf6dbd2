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
PLACE = "location"
"""The index field that a search's `geo` filters."""

Why = tuple[str, str]
"""A reason as a code for programs and as text for people."""


@dataclass(frozen=True)
class Clause:
    """One filter of a search and the visitor's choice."""

    field: str
    wanted: Any
    body: Body


@dataclass(frozen=True)
class Standing:
    """What Postgres knows: the row, the age of its oldest pending change, and its dead letter."""

    row: Property
    pending_s: float | None
    letter: DeadLetter | None


@dataclass(frozen=True)
class Sight:
    """What the engine knows: the document's revision, a verdict for each filter, and the rank."""

    revision: int | None
    verdicts: list[FilterVerdict]
    rank: int | None
    trouble: Why | None = None

    @property
    def visible(self) -> bool:
        return self.revision is not None and all(verdict["matches"] for verdict in self.verdicts)

    def is_beyond(self, standing: Standing) -> bool:
        """Whether the document's revision is higher than that of the row as it was read."""
        return self.revision is not None and self.revision > standing.row.revision


async def standing_of(session: AsyncSession, property_id: str) -> Standing:
    """Read the property's standing; raises NotFound if there is no such property."""
    row = await find(session, property_id)
    oldest = select(func.min(OutboxRow.created_at)).where(OutboxRow.property_id == row.id).scalar_subquery()
    age = await session.scalar(select(func.extract("epoch", func.clock_timestamp() - oldest)))
    pending_s = None if age is None else round(max(0.0, float(age)), 1)
    return Standing(row, pending_s, await session.get(DeadLetter, row.id))


async def explain(
    search: AsyncOpenSearch, alias: str, read: Callable[[], Awaitable[Standing]], wanted: ListingSearch
) -> Visibility:
    """Tell whether the listing is in the search, at what rank, or why not; an outage is a reason too."""
    standing = await read()
    sight = await look(search, alias, standing.row.id, wanted)
    if sight.is_beyond(standing):
        standing = await read()  # it may have been edited between the two reads
    reason, detail = (None, _praise(standing, sight)) if sight.visible else _why(standing, sight)
    return Visibility(
        visible=sight.visible,
        reason=reason,
        detail=detail,
        row=_row(standing.row),
        index=_index(standing, sight),
        filters=sight.verdicts,
        rank=sight.rank,
        page=None if sight.rank is None else (sight.rank - 1) // wanted.page_size + 1,
    )


def _row(row: Property) -> RowStanding:
    return RowStanding(state=row.state, is_active=row.is_active, revision=row.revision, version=row.version)


def _index(standing: Standing, sight: Sight) -> IndexStanding:
    letter = standing.letter
    return IndexStanding(
        revision=sight.revision,
        level=sight.revision == standing.row.revision,
        pending_s=standing.pending_s,
        dead_letter=None if letter is None else f"{letter.error_type}: {letter.reason}",
    )


def _praise(standing: Standing, sight: Sight) -> str:
    place = f"at place {sight.rank:,}" if sight.rank else f"behind the first {DEEPEST_RANK:,}"
    if sight.trouble:
        place = sight.trouble[1]
    late = "" if _index(standing, sight)["level"] else f", as it was: {_lag(standing, sight)}"
    return f"It is in this search, {place}{late}."


def _why(standing: Standing, sight: Sight) -> Why:
    """Return the first reason; the row's state comes before the index."""
    row, letter = standing.row, standing.letter
    if not row.is_active:
        return "state", f"It is {row.state}; only what is active or under offer is shown."
    if sight.trouble:
        return sight.trouble
    if letter is not None and letter.revision >= row.revision:
        return "dead_letter", f"The index refused revision {letter.revision}: {letter.reason}"
    if not _index(standing, sight)["level"]:
        return "not_indexed", f"The index does not show it as it is yet: {_lag(standing, sight)}."
    missed = next(verdict for verdict in sight.verdicts if not verdict["matches"])
    return missed["field"], f"Its {missed['field']} is not what is searched for."


def _lag(standing: Standing, sight: Sight) -> str:
    there = "not in the index" if sight.revision is None else f"the index at {sight.revision}"
    if sight.is_beyond(standing):
        there += ", which a restored database has never reached: an operator runs `indexer verify --repair`"
    wait = "" if standing.pending_s is None else f", pending since {standing.pending_s:g} s"
    return f"the row is at revision {standing.row.revision}, {there}{wait}"


async def look(search: AsyncOpenSearch, alias: str, property_id: UUID, wanted: ListingSearch) -> Sight:
    """Ask the engine about one listing in a search."""
    try:
        if not await alias_target(search, alias):
            return Sight(None, [], None, ("no_index", "There is no index yet: run `indexer reindex`."))
        sight = Sight(*await _judge(search, alias, property_id, wanted), None)
    except (SearchUnavailable, OpenSearchException):
        return Sight(None, [], None, ("search_unavailable", "Search cannot be reached just now."))
    if not sight.visible:
        return sight
    try:
        return replace(sight, rank=await rank_of(search, alias, property_id, wanted))
    except SearchUnavailable:
        return replace(sight, trouble=("no_rank", "its place could not be found in time"))


async def _judge(
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
            value=held(source, clause.body),
            wanted=clause.wanted,
            matches=answer["hits"]["total"]["value"] > 0,
        )
        for clause, answer in zip(asked, answers, strict=True)
    ]


def clauses(search: ListingSearch) -> Iterator[Clause]:
    """Yield the filters of a search in the order of reporting: base, text, choices."""
    chosen, made = search.model_dump(mode="json", exclude_none=True), filters(search)
    for body in made.base:
        field = next(mentioned(body))
        name = "geo" if field == PLACE else field
        yield Clause(name, chosen.get(name, True), body)
    for body in made.text:
        yield Clause("q", search.q, body)
    for group, body in made.chosen.items():
        yield Clause(group, chosen[group], body)


def held(source: Body, body: Body) -> Any:
    """Return the document's values of the fields in a filter; a single value without its name."""
    values = {field: source[field] for field in dict.fromkeys(mentioned(body)) if field in source}
    if values.get("bhk") is not None:
        values["bhk"] = bhk_number(values["bhk"])
    return next(iter(values.values())) if len(values) == 1 else values


def mentioned(body: Any) -> Iterator[str]:
    """Yield the index fields in a filter. The visitor's words are values, not keys, so they are ignored."""
    if isinstance(body, list | tuple):
        for inner in body:
            yield from mentioned(inner)
    if isinstance(body, dict):
        for key, inner in body.items():
            if (field := key.partition(".")[0]) in FIELDS:
                yield field
            elif key == "field":
                yield inner
            else:
                yield from mentioned(inner)


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
