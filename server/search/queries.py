"""Searches as OpenSearch bodies: pure functions of the canonical search.

Facets are disjunctive. With the base B (live, sale or rent) and the visitor's choices in groups,
hits match B and all groups, and a value's count ignores the other values of its own group. The
engine counts fast when the filter *is* the query, so each group that has a choice is counted by
a body of its own, and all bodies travel in one `_msearch`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.bedrooms import bhk_term
from schemas.api.search import ListingSearch, PriceRange, Sort

Body = dict[str, Any]


class Group(StrEnum):
    """The visitor's choices, each narrowing what the others count."""

    PRICE = "price"
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    LOCALITY = "locality"


COUNTED_BY = {
    Group.PRICE: "price_step",
    Group.PROPERTY_TYPE: "property_type",
    Group.BHK: "bhk",
    Group.LOCALITY: "locality",
}
EVERY_VALUE = 1_000  # above the cardinality of each counted field, which makes counts exact


TERMS: dict[Group, Callable[[Any], str]] = {
    Group.PROPERTY_TYPE: str,
    Group.BHK: bhk_term,
    Group.LOCALITY: str,
}
"""How a choice is written in the index."""

LAST_KEY = [{"id": "asc"}]  # makes every order total, so that pages neither repeat nor skip
SORTS: dict[Sort, list[Body]] = {
    Sort.RELEVANCE: [{"rank": "desc"}],
    Sort.NEWEST: [{"listed_at": "desc"}],
    Sort.PRICE_ASC: [{"price": "asc"}],
    Sort.PRICE_DESC: [{"price": "desc"}],
    Sort.PRICE_PER_SQFT_ASC: [{"price_per_sqft": "asc"}],
    Sort.AREA_DESC: [{"area_sqft": "desc"}],
    Sort.VASTU_DESC: [{"vastu_score": {"order": "desc", "missing": "_last"}}],
    Sort.LIGHT_DESC: [{"light_score": {"order": "desc", "missing": "_last"}}],
    Sort.DEAL: [{"deal_delta_pct": {"order": "asc", "missing": "_last"}}],
}


@dataclass(frozen=True)
class Filters:
    """What a search asks for, made once for all bodies of a request."""

    base: list[Body]
    chosen: dict[Group, Body]

    def but(self, ignored: Group | None = None) -> Body:
        """A query for all of them, except the choices of a group that is being counted."""
        chosen = [body for group, body in self.chosen.items() if group is not ignored]
        return {"bool": {"filter": self.base + chosen}}


def filters(search: ListingSearch) -> Filters:
    return Filters(base(search), choices(search))


def page_of_listings(search: ListingSearch, wanted: Filters, *, with_total: bool) -> Body:
    return {
        "query": wanted.but(),
        "sort": SORTS[search.sort] + LAST_KEY,
        "from": search.offset,
        "size": search.page_size,
        "track_total_hits": with_total,
    }


def counts(wanted: Filters, groups: Iterable[Group], *, ignoring: Group | None = None) -> Body:
    """How the listings spread over the values of some groups, and how many they are."""
    return {
        "query": wanted.but(ignoring),
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            group.value: {"terms": {"field": COUNTED_BY[group], "size": EVERY_VALUE}} for group in groups
        },
    }


def base(search: ListingSearch) -> list[Body]:
    """What no count may widen: only live listings, only the kind of offer asked for."""
    return [{"term": {"is_active": True}}, {"term": {"listing_type": search.listing_type}}]


def choices(search: ListingSearch) -> dict[Group, Body]:
    """One filter for each group in which something is chosen."""
    chosen = {}
    if search.price is not None:
        chosen[Group.PRICE] = within_budget(search.price)
    if search.property_type:
        chosen[Group.PROPERTY_TYPE] = {"terms": {"property_type": search.property_type}}
    if search.bhk:
        chosen[Group.BHK] = {"terms": {"bhk": [bhk_term(bhk) for bhk in search.bhk]}}
    if search.locality:
        chosen[Group.LOCALITY] = {"terms": {"locality": search.locality}}
    return chosen


def within_budget(price: PriceRange) -> Body:
    ends = {"gte": price.min, "lte": price.max}
    return {"range": {"price": {end: amount for end, amount in ends.items() if amount is not None}}}
