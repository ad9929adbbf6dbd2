"""For searches with few results: the smallest changes that find more, and how many each would find.

They are searched after the answer, within a share of its time. If the engine is too busy for them, the
answer is returned without them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

from opensearchpy import AsyncOpenSearch

from runtime.deadlines import cut_short, ending_in
from schemas.api.search.canonical import Change, ListingSearch, Suggestion
from schemas.errors import SearchUnavailable
from search.engine import ask, search_timeout_s
from search.ladders import ChangedFields, Ladder, ladders
from search.queries import Body, filters

FEW_RESULTS = 3
"""A search with fewer results than this gets suggestions."""
MOST_SUGGESTIONS = 4
"""At most four suggestions; more would not be read."""
MOST_COUNTED = 40
"""At most this many relaxed searches are counted for one request, which takes the engine a few
milliseconds. Combining every relaxation with every other would be hundreds of searches."""
SHARE_FOR_ENDS = 2 / 3
"""Share of the remaining counts that goes to the last steps of pairs; the rest finds smaller steps."""
SHARE_OF_PATIENCE = 1 / 3
"""Share of the search timeout that suggestions may take: 400 ms with the default timeout."""


@dataclass(frozen=True)
class RelaxedSearch:
    """A relaxed search and what it finds."""

    update: ChangedFields
    search: ListingSearch
    count: int = 0
    cheapest: int | None = None


async def suggestions(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, total: int
) -> list[Suggestion]:
    """Return at most four changes that each find more than `total`; pairs only if no single change does.

    What is not counted in time is left out. A failure of the engine is ignored.
    """
    if total >= FEW_RESULTS:
        return []
    finder = SuggestionFinder(search, alias, wanted, total)
    try:
        with ending_in(SHARE_OF_PATIENCE * search_timeout_s(search)):
            await finder.run()
    except SearchUnavailable:
        cut_short()
    return [suggestion(wanted, step) for step in finder.found[:MOST_SUGGESTIONS]]


@dataclass
class SuggestionFinder:
    """A search with few results, and the relaxed searches known to find more."""

    engine: AsyncOpenSearch
    alias: str
    wanted: ListingSearch
    total: int
    found: list[RelaxedSearch] = field(default_factory=list)
    _counts_left: int = MOST_COUNTED

    async def run(self) -> None:
        single = list(self.within_count_limit(ladders(self.wanted)))
        self.found = await self.first_that_help(single)
        if not self.found:
            await self.try_pairs(single)

    async def try_pairs(self, single: Sequence[Ladder]) -> None:
        """Find pairs of changes that help.

        If the last step of a pair does not help, none of its steps does. So the last steps are counted first.
        """
        pairs = [[one | two for one, two in product(*both)] for both in closest_pairs(single)]
        pairs = pairs[: int(SHARE_FOR_ENDS * self._counts_left)]
        ends = await self.count([pair[-1] for pair in pairs])
        helpful = [(pair, end) for pair, end in zip(pairs, ends, strict=True) if self.helps(end)]
        helpful = helpful[:MOST_SUGGESTIONS]
        self.found = [end for _, end in helpful]
        before = list(self.within_count_limit([pair[:-1] for pair, _ in helpful]))
        smaller = await self.first_steps_that_help(before)
        self.found[: len(smaller)] = [step or end for step, end in zip(smaller, self.found, strict=False)]

    def within_count_limit(self, candidates: Sequence[Ladder]) -> Iterator[Ladder]:
        """Yield the first ladders, each complete, while the number of remaining counts allows."""
        left = self._counts_left
        for ladder in candidates:
            left -= len(ladder)
            if left < 0:
                return
            yield ladder

    async def first_that_help(self, candidates: Sequence[Ladder]) -> list[RelaxedSearch]:
        return [step for step in await self.first_steps_that_help(candidates) if step is not None]

    async def first_steps_that_help(self, candidates: Sequence[Ladder]) -> list[RelaxedSearch | None]:
        """Return the smallest helpful step of each ladder, or None; all are counted in one round trip."""
        counted = iter(await self.count([update for ladder in candidates for update in ladder]))
        by_ladder = [[next(counted) for _ in ladder] for ladder in candidates]
        return [next(filter(self.helps, steps), None) for steps in by_ladder]

    def helps(self, step: RelaxedSearch) -> bool:
        return step.count > self.total

    async def count(self, updates: Sequence[ChangedFields]) -> list[RelaxedSearch]:
        self._counts_left -= len(updates)
        steps = [
            RelaxedSearch(update, self.wanted.model_copy(update=update | {"page": 1})) for update in updates
        ]
        bodies = [count_query(step.search) for step in steps]
        responses = await ask(self.engine, self.alias, bodies) if bodies else []
        return [_with_count(step, response) for step, response in zip(steps, responses, strict=True)]


def closest_pairs(candidates: Sequence[Ladder]) -> Iterator[tuple[Ladder, Ladder]]:
    """Return all pairs of ladders that change different fields, the least regretted pairs first."""
    places = sorted(combinations(range(len(candidates)), 2), key=sum)
    pairs = ((candidates[one], candidates[two]) for one, two in places)
    return ((one, two) for one, two in pairs if one[0].keys() != two[0].keys())


def count_query(search: ListingSearch) -> Body:
    return {
        "query": filters(search).query(),
        "size": 0,
        "track_total_hits": True,
        "aggs": {"cheapest": {"min": {"field": "price"}}},
    }


def _with_count(step: RelaxedSearch, response: dict[str, Any]) -> RelaxedSearch:
    cheapest = response["aggregations"]["cheapest"]["value"]
    return replace(
        step,
        count=response["hits"]["total"]["value"],
        cheapest=None if cheapest is None else int(cheapest),
    )


def suggestion(wanted: ListingSearch, step: RelaxedSearch) -> Suggestion:
    before, after = wanted.model_dump(mode="json"), step.search.model_dump(mode="json")
    return Suggestion(
        changes=[Change({"field": name, "from": before[name], "to": after[name]}) for name in step.update],
        count=step.count,
        cheapest=step.cheapest,
        search=step.search.canonical(),
    )
