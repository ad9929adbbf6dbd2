"""For searches with few results: the smallest changes that find more, and how many each would find.

They are searched after the answer, within a share of its time. If the engine is too busy for them, the
answer is returned without them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from opensearchpy import AsyncOpenSearch

from runtime.deadlines import cut_short, ending_in
from schemas.api.search.canonical import Change, ListingSearch, Suggestion
from schemas.errors import SearchUnavailable
from search.engine import ask, search_timeout_s
from search.ladders import ChangedFields, Ladder, ladders, within
from search.queries import Body, filters, narrowing

FEW_RESULTS = 3
"""A search with fewer results than this gets suggestions."""
MOST_SUGGESTIONS = 4
"""At most four suggestions; more would not be read."""
MOST_COUNTED = 120
"""At most this many relaxed searches are counted for one request, which takes the engine a few
milliseconds. Combining every relaxation with every other would be hundreds of searches."""
SHARE_OF_PATIENCE = 1 / 3
"""Share of the search timeout that suggestions may take: 400 ms with the default timeout."""


@dataclass(frozen=True)
class Counted:
    """A step of a ladder and what the search with it finds."""

    update: ChangedFields
    count: int
    cheapest: int | None


async def suggestions(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, total: int
) -> list[Suggestion]:
    """Return at most four changes that each find more than `total`; pairs only if no single change does.

    If they are not counted in time, or the engine fails, there are none.
    """
    if total >= FEW_RESULTS:
        return []
    found: list[Counted] = []
    try:
        with ending_in(SHARE_OF_PATIENCE * search_timeout_s(search)):
            found = await helpful_changes(search, alias, wanted, total)
    except SearchUnavailable:
        cut_short()
    return [suggestion(wanted, step) for step in found[:MOST_SUGGESTIONS]]


async def helpful_changes(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, total: int
) -> list[Counted]:
    """Return the smallest step of each ladder that finds more than `total`.

    Pairs of ladders are tried only if no ladder helps alone, in a second round trip.
    """

    def smallest_helpful(ladder: Sequence[Counted]) -> Counted | None:
        return next((step for step in ladder if step.count > total), None)

    single = ladders(wanted)
    pairs = within(MOST_COUNTED - sum(map(len, single)), pairs_of(single))
    for candidates in (single, pairs):
        counted = await count(search, alias, wanted, list(candidates))
        if found := [step for step in map(smallest_helpful, counted) if step is not None]:
            return found
    return []


def pairs_of(candidates: Sequence[Ladder]) -> Iterator[Ladder]:
    """Combine each two ladders that change different fields, the least regretted pairs first.

    The last step of a pair, too, finds all that its other steps find.
    """
    for one, two in sorted(combinations(range(len(candidates)), 2), key=sum):
        if candidates[one][0].keys() != candidates[two][0].keys():
            yield [first | second for first, second in product(candidates[one], candidates[two])]


async def count(
    search: AsyncOpenSearch, alias: str, wanted: ListingSearch, candidates: Sequence[Ladder]
) -> list[list[Counted]]:
    """Count the steps of some ladders, all in one round trip."""
    bodies = [count_query(wanted, ladder) for ladder in candidates]
    responses = await ask(search, alias, bodies) if bodies else []
    return [_counted(ladder, response) for ladder, response in zip(candidates, responses, strict=True)]


def relaxed(wanted: ListingSearch, step: ChangedFields) -> ListingSearch:
    return wanted.model_copy(update=step | {"page": 1})


CHEAPEST: Body = {"cheapest": {"min": {"field": "price"}}}


def count_query(wanted: ListingSearch, ladder: Ladder) -> Body:
    """Return a body that counts all steps of a ladder.

    The last step finds all that the others find. So it is the query, and the others are counted among its
    matches, by the filters of the fields that they change.
    """
    *smaller, last = ladder
    return {
        "query": filters(relaxed(wanted, last)).query(),
        "size": 0,
        "track_total_hits": True,
        "aggs": CHEAPEST
        | {
            str(number): {
                "filter": {
                    "bool": {"filter": [part for change in step.items() for part in narrowing(*change)]}
                },
                "aggs": CHEAPEST,
            }
            for number, step in enumerate(smaller)
        },
    }


def _counted(ladder: Ladder, response: dict[str, Any]) -> list[Counted]:
    *smaller, last = ladder
    found = response["aggregations"]
    counted = [
        Counted(step, found[str(number)]["doc_count"], _cheapest(found[str(number)]))
        for number, step in enumerate(smaller)
    ]
    return [*counted, Counted(last, response["hits"]["total"]["value"], _cheapest(found))]


def _cheapest(found: dict[str, Any]) -> int | None:
    price = found["cheapest"]["value"]
    return None if price is None else int(price)


def suggestion(wanted: ListingSearch, step: Counted) -> Suggestion:
    widened = relaxed(wanted, step.update)
    before, after = (one.model_dump(mode="json", include={*step.update}) for one in (wanted, widened))
    return Suggestion(
        changes=[Change({"field": name, "from": before[name], "to": after[name]}) for name in step.update],
        count=step.count,
        cheapest=step.cheapest,
        search=widened.canonical(),
    )
