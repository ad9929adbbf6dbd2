"""When little is found: the smallest changes of a search that find more, and how many each would find.

They come after the answer, so they cost no more than a part of its time, and when the engine has none
for them the answer does without.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.search import Change, ListingSearch, Suggestion
from schemas.errors import SearchUnavailable
from server.deadlines import cut_short, ending_in
from server.search.engine import ask, patience_of
from server.search.ladders import Ladder, Update, ladders
from server.search.queries import Body, filters

LITTLE = 3
"""Fewer results than this are little."""
MOST = 4
"""Suggestions that are read; more would be another page of results."""
MOST_COUNTED = 40
"""Searches that are counted for one that found little: some milliseconds of the engine, where each way of
giving in with each other would be hundreds."""
SHARE_FOR_ENDS = 2 / 3
"""Of what is left for pairs, for their last steps; the rest finds smaller ones."""
SHARE_OF_PATIENCE = 1 / 3
"""Of the time that a question may take: 400 ms, if nothing else is set."""


@dataclass(frozen=True)
class Step:
    """A search that gives in somewhere, and what it finds."""

    update: Update
    search: ListingSearch
    count: int = 0
    cheapest: int | None = None


async def suggestions(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, total: int
) -> list[Suggestion]:
    """At most four changes, each of which finds more than `total`; two at once where no single one does.

    What is not known in time is left out, and an engine that fails is no reason to fail.
    """
    if total >= LITTLE:
        return []
    shortage = Shortage(search, alias, wanted, total)
    try:
        with ending_in(SHARE_OF_PATIENCE * patience_of(search)):
            await shortage.end()
    except SearchUnavailable:
        cut_short()
    return [suggestion(wanted, step) for step in shortage.found[:MOST]]


@dataclass
class Shortage:
    """A search that found little, and what is known to find more."""

    engine: AsyncOpenSearch
    alias: str
    wanted: ListingSearch
    total: int
    found: list[Step] = field(default_factory=list)
    _left: int = MOST_COUNTED

    async def end(self) -> None:
        single = list(self.affordable(ladders(self.wanted)))
        self.found = await self.first_that_help(single)
        if not self.found:
            await self.end_by_two(single)

    async def end_by_two(self, single: Sequence[Ladder]) -> None:
        """Where the last step of a pair does not help, none of its steps does; so that is asked first."""
        pairs = [[one | two for one, two in product(*both)] for both in closest_pairs(single)]
        pairs = pairs[: int(SHARE_FOR_ENDS * self._left)]
        ends = await self.count([pair[-1] for pair in pairs])
        promising = [(pair, end) for pair, end in zip(pairs, ends, strict=True) if self.helps(end)][:MOST]
        self.found = [end for _, end in promising]
        before = list(self.affordable([pair[:-1] for pair, _ in promising]))
        smaller = await self.first_steps_that_help(before)
        self.found[: len(smaller)] = [step or end for step, end in zip(smaller, self.found, strict=False)]

    def affordable(self, climbs: Sequence[Ladder]) -> Iterator[Ladder]:
        """The first ones, each in full, as far as may still be counted."""
        left = self._left
        for ladder in climbs:
            left -= len(ladder)
            if left < 0:
                return
            yield ladder

    async def first_that_help(self, climbs: Sequence[Ladder]) -> list[Step]:
        return [step for step in await self.first_steps_that_help(climbs) if step is not None]

    async def first_steps_that_help(self, climbs: Sequence[Ladder]) -> list[Step | None]:
        """The smallest helpful step of each ladder, all counted in one round trip."""
        counted = iter(await self.count([update for ladder in climbs for update in ladder]))
        climbed = [[next(counted) for _ in ladder] for ladder in climbs]
        return [next(filter(self.helps, steps), None) for steps in climbed]

    def helps(self, step: Step) -> bool:
        return step.count > self.total

    async def count(self, updates: Sequence[Update]) -> list[Step]:
        self._left -= len(updates)
        steps = [Step(update, self.wanted.model_copy(update=update | {"page": 1})) for update in updates]
        bodies = [counting(step.search) for step in steps]
        responses = await ask(self.engine, self.alias, bodies) if bodies else []
        return [_counted(step, response) for step, response in zip(steps, responses, strict=True)]


def closest_pairs(climbs: Sequence[Ladder]) -> Iterator[tuple[Ladder, Ladder]]:
    """Every two that do not change the same, those that are least regretted together first."""
    places = sorted(combinations(range(len(climbs)), 2), key=sum)
    pairs = ((climbs[one], climbs[two]) for one, two in places)
    return ((one, two) for one, two in pairs if one[0].keys() != two[0].keys())


def counting(search: ListingSearch) -> Body:
    return {
        "query": filters(search).but(),
        "size": 0,
        "track_total_hits": True,
        "aggs": {"cheapest": {"min": {"field": "price"}}},
    }


def _counted(step: Step, response: dict[str, Any]) -> Step:
    cheapest = response["aggregations"]["cheapest"]["value"]
    return replace(
        step,
        count=response["hits"]["total"]["value"],
        cheapest=None if cheapest is None else int(cheapest),
    )


def suggestion(wanted: ListingSearch, step: Step) -> Suggestion:
    before, after = wanted.model_dump(mode="json"), step.search.model_dump(mode="json")
    return Suggestion(
        changes=[Change({"field": name, "from": before[name], "to": after[name]}) for name in step.update],
        count=step.count,
        cheapest=step.cheapest,
        search=step.search.canonical(),
    )
