"""Faceted search: a page of listings and the counts for every further choice, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.security.keys import Keys
from schemas.api.search.canonical import ListingSearch
from schemas.api.search.listings import Facet, FacetOption, FoundListings, ListingsRequest
from search.answers.cards import cards
from search.answers.facets import FACETS, Supply, count_outside, facet_options, price_histogram, supply_in
from search.answers.options import LISTED
from search.answers.walks import walk_of
from search.engine import ask, total_of
from search.queries import (
    PRICE,
    Body,
    Filters,
    Group,
    counts_query,
    filters,
    page_of_listings,
    with_commonest,
    with_price_ends,
)
from search.relaxation import suggestions

Response = dict[str, Any]
OPEN = frozenset(facet.value for facet, facts in FACETS.items() if facts.open)


@dataclass(frozen=True)
class Plan:
    """Which body counts which groups: one for all groups without a choice, one for each other group."""

    search: ListingSearch
    filters: Filters
    together: tuple[Group, ...]
    alone: tuple[Group, ...]

    def bodies(self, after: Sequence[Any] | None) -> list[Body]:
        page = page_of_listings(self.search, self.filters, with_total=not self.together, after=after)
        shared = [self._count_query(self.together, None)] if self.together else []
        return [page, *shared, *(self._count_query([group], group) for group in self.alone)]

    def _count_query(self, groups: Sequence[Group], ignoring: Group | None) -> Body:
        listed_whole = [group for group in groups if group not in OPEN]
        body = counts_query(self.filters, listed_whole, ignoring=ignoring)
        for group in OPEN.intersection(groups):
            body = with_commonest(body, group, getattr(self.search, group), most=LISTED)
        return with_price_ends(body) if PRICE in groups else body

    def by_group(self, responses: Sequence[Response]) -> dict[Group, Response]:
        """Return for each counted group the response that counts it."""
        counted = responses[1:]
        shared = dict.fromkeys(self.together, counted[0]) if self.together else {}
        return shared | dict(zip(self.alone, counted[len(counted) - len(self.alone) :], strict=True))


async def find_listings(
    search: AsyncOpenSearch, alias: str, request: ListingsRequest, keys: Keys
) -> FoundListings:
    """Run a search; `keys` are those of cursors.

    Raises:
        SearchUnavailable: see engine.ask.
        Unparsable: the cursor is invalid, or belongs to another search.
    """
    plan = plan_of(request)
    walk = walk_of(plan.search, request.cursor, keys)
    responses = await ask(search, alias, plan.bodies(walk.after))
    counted = plan.by_group(responses)
    facets, other_counts = facets_of(request, plan.search, counted)
    total = total_of(responses)
    return FoundListings(
        items=cards(walk.hits(responses[0]), explain=request.explain),
        total=total,
        page=walk.page,
        page_size=plan.search.page_size,
        next_cursor=walk.next_cursor(responses[0], total),
        facets=facets,
        other_counts=other_counts,
        price_histogram=price_histogram(plan.search, counted[PRICE]) if request.histogram else None,
        search=plan.search.canonical(),
        suggestions=await suggestions(search, alias, plan.search, total) if request.suggest else [],
    )


def plan_of(request: ListingsRequest) -> Plan:
    search = request.search()
    wanted = filters(search)
    counted = [facet.value for facet in request.facets] + [PRICE] * request.histogram
    return Plan(
        search,
        wanted,
        together=tuple(group for group in counted if group not in wanted.chosen),
        alone=tuple(group for group in counted if group in wanted.chosen),
    )


def facets_of(
    request: ListingsRequest, search: ListingSearch, counted: dict[Group, Response]
) -> tuple[dict[str, list[FacetOption]], dict[str, int]]:
    supplies: dict[Facet, Supply] = {facet: supply_in(counted[facet], facet) for facet in request.facets}
    facets = {facet.value: facet_options(facet, search, supply) for facet, supply in supplies.items()}
    others = {
        facet.value: count_outside(facets[facet], supplies[facet]) for facet in supplies if facet in OPEN
    }
    return facets, others
