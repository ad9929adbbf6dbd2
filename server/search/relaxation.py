"""When little is found: the smallest changes of a search that find more, and how many each would find."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.search import Change, ListingSearch, Suggestion
from server.search.engine import ask
from server.search.ladders import Ladder, Update, ladders
from server.search.queries import Body, filters

LITTLE = 3
"""Fewer results than this are little."""
MOST = 4
"""Suggestions that are read; more would be another page of results."""


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
    """At most four changes, each of which finds more than `total`; two at once where no single one does."""
    if total >= LITTLE:
        return []
    found = await Shortage(search, alias, wanted, total).ended()
    return [suggestion(wanted, step) for step in found[:MOST]]


@dataclass(frozen=True)
class Shortage:
    """A search that found little."""

    engine: AsyncOpenSearch
    alias: str
    wanted: ListingSearch
    total: int

    async def ended(self) -> list[Step]:
        single = ladders(self.wanted)
        helpful = await self.first_that_help(single)
        if helpful:
            return helpful
        pairs = [
            [one | two for one, two in product(*both)]
            for both in combinations(single, 2)
            if both[0][0].keys() != both[1][0].keys()  # the second would only undo the first
        ]
        return await self.first_that_help(await self.promising(pairs))

    async def first_that_help(self, climbs: Sequence[Ladder]) -> list[Step]:
        """The smallest helpful step of each ladder, all counted in one round trip."""
        counted = iter(await self.count([update for ladder in climbs for update in ladder]))
        climbed = [[next(counted) for _ in ladder] for ladder in climbs]
        first = (next(filter(self.helps, steps), None) for steps in climbed)
        return [step for step in first if step is not None]

    async def promising(self, climbs: Sequence[Ladder]) -> list[Ladder]:
        """Ladders whose last step helps: where that does not, no step of theirs does."""
        last = await self.count([ladder[-1] for ladder in climbs])
        return [ladder for ladder, step in zip(climbs, last, strict=True) if self.helps(step)][:MOST]

    def helps(self, step: Step) -> bool:
        return step.count > self.total

    async def count(self, updates: Sequence[Update]) -> list[Step]:
        steps = [Step(update, self.wanted.model_copy(update=update | {"page": 1})) for update in updates]
        bodies = [counting(step.search) for step in steps]
        responses = await ask(self.engine, self.alias, bodies) if bodies else []
        return [_counted(step, response) for step, response in zip(steps, responses, strict=True)]


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
