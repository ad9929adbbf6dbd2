"""Suggestions while a visitor types: sectors by name and number, societies by words of their names.

The finished part of the text is read as filters, and the rest is completed under them: in `3bhk lotus`,
`3bhk` is a filter. A sector at the end is unfinished: `sector 6` may become Sector 62. The whole text is
also searched as a name, because a society's name may contain any words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.geography.sector_prefix import is_around, sectors_beginning
from domain.query_reader.readings import Field
from domain.texts.devanagari import is_devanagari, transliterated
from schemas.api.search.canonical import ListingSearch, plain_text
from schemas.api.search.suggest import KINDS, Completion, Kind, Suggest, SuggestRequest
from schemas.api.search.understood import Understood
from search.engine import ask
from search.queries import TYPO, Body, filters
from search.understanding import understand


@dataclass(frozen=True)
class Candidates:
    """Values of a field that match the typed text; each can be chosen in the same search."""

    kind: Kind
    field: str
    chosen: Body
    within: ListingSearch

    def count_query(self, limit: int) -> Body:
        return {
            "query": {"bool": {"filter": [filters(self.within).query(), self.chosen]}},
            "size": 0,
            "track_total_hits": False,
            "aggs": {self.field: {"terms": {"field": self.field, "size": limit}}},
        }

    def completions(self, response: dict[str, Any]) -> Iterator[Completion]:
        for bucket in response["aggregations"][self.field]["buckets"]:
            search = self.within.model_copy(update={self.field: (bucket["key"],)})
            yield Completion(
                kind=self.kind,
                value=bucket["key"],
                label=bucket["key"],
                count=bucket["doc_count"],
                search=search.canonical(),
            )


async def suggest(search: AsyncOpenSearch, alias: str, request: SuggestRequest) -> Suggest:
    """Return the sectors and societies with the most listings that match the text typed so far.

    Raises:
        SearchUnavailable: see engine.ask.
    """
    understood = None
    literal = ListingSearch(**request.model_dump(include={"listing_type"}, exclude_unset=True))
    groups = list(candidates_for(literal, plain_text(request.q)))
    if request.understand and groups:
        wanted, understood = understand(literal, request.q, guess=False)
        groups += candidates_for_rest(wanted, understood, request.q) if understood["spans"] else []
    responses = (
        await ask(search, alias, [group.count_query(request.limit) for group in groups]) if groups else []
    )
    answered = zip(groups, responses, strict=True)
    found = distinct(completion for group, response in answered for completion in group.completions(response))
    return Suggest(items=share_between_kinds(found, request.limit), understood=understood)


def candidates_for(within: ListingSearch, typed: str) -> Iterator[Candidates]:
    """Yield the sectors whose names begin like the text, and the societies with words that do."""
    localities = [fact.locality for fact in sectors_beginning(typed)]
    if localities:
        yield sectors(localities, within)
    if typed:
        yield societies(typed, within)


def sectors(localities: Sequence[str], within: ListingSearch) -> Candidates:
    """Sectors are chosen as localities, as in facets and questions."""
    return Candidates("sector", "locality", {"terms": {"locality": localities}}, within)


def societies(typed: str, within: ListingSearch) -> Candidates:
    return Candidates("society", "society", society_name_query(typed), within)


def candidates_for_rest(wanted: ListingSearch, understood: Understood, text: str) -> Iterator[Candidates]:
    """Yield completions of the rest of the text, under the filters already read from it."""
    last = understood["spans"][-1]
    rest = wanted.model_copy(update={"q": ""})
    if last["field"] == Field.LOCALITY and is_around(text[last["end"] :]):
        begun = [fact.locality for fact in sectors_beginning(text[last["start"] :])] or last["value"]
        elsewhere = tuple(place for place in wanted.locality if place not in last["value"])
        yield sectors(begun, wanted.model_copy(update={"locality": elsewhere}))
        if wanted.q:
            yield societies(wanted.q, rest)
    else:
        yield from candidates_for(rest, wanted.q)


def society_name_query(typed: str) -> Body:
    """Match societies with words that begin like each typed word, tolerating a typo or two."""
    return {"bool": {"filter": [word_beginning(word) for word in typed.split()]}}


def word_beginning(word: str) -> Body:
    spoken = transliterated(word) if is_devanagari(word) else word
    exact = any(map(str.isdigit, word))
    return {
        "match": {"society.part": {"query": spoken, "operator": "and"} | ({} if exact else TYPO)},
    }


def share_between_kinds(found: Sequence[Completion], limit: int) -> list[Completion]:
    """Return up to `limit` completions, sectors first; half of each kind, or more if the other has fewer."""
    by_kind = [[item for item in found if item["kind"] == kind] for kind in KINDS]
    places = max((limit + 1) // 2, limit - len(by_kind[1]))
    shown = by_kind[0][:places]
    return shown + by_kind[1][: limit - len(shown)]


def distinct(completions: Iterable[Completion]) -> list[Completion]:
    """Return one completion for each value, sorted; the first wins, so matches of the whole text do."""
    once: dict[tuple[str, str], Completion] = {}
    for completion in completions:
        once.setdefault((completion["kind"], completion["value"]), completion)
    return sorted(
        once.values(), key=lambda item: (item["kind"], -item["count"], len(item["value"]), item["value"])
    )
