"""Different OpenSearch queries for a page with all its facets, built for the same visitors."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import orjson

from domain.money import LADDER
from schemas.api.search.listings import ListingsRequest
from schemas.settings import Settings
from search.engine import header_of
from search.listings import plan_of
from search.queries import COUNTED_BY, EVERY_VALUE, PRICE, Body, filters, page_of_listings

HEADER = header_of(Settings.model_fields["search_timeout_s"].default)
Form = Callable[[ListingsRequest], list[Body]]


def hits_only(request: ListingsRequest) -> list[Body]:
    search = request.search()
    return [page_of_listings(search, filters(search), with_total=True)]


def ours(request: ListingsRequest) -> list[Body]:
    """Build the page, one size-0 body for all groups without a choice, and one for each group with one."""
    return plan_of(request).bodies(None)


def one_request(request: ListingsRequest) -> list[Body]:
    """Build one broad query: a post_filter narrows the hits, a filter aggregation narrows each facet."""
    return [_one(request, filters(request.search()).base)]


def all_but_one(request: ListingsRequest) -> list[Body]:
    """Build the same, with the query narrowed to documents that match all groups but at most one."""
    wanted = filters(request.search())
    groups = list(wanted.chosen.values())
    nearly = {"bool": {"should": groups, "minimum_should_match": max(0, len(groups) - 1)}}
    return [_one(request, [*wanted.base, nearly] if groups else wanted.base)]


def by_ranges(request: ListingsRequest) -> list[Body]:
    """Build ours with the histogram as a range aggregation over the prices, instead of their steps."""
    ladder = (0, *LADDER[request.search().listing_type])
    ranges = [{"from": low} | ({"to": high} if high else {}) for low, high in zip_longest(ladder, ladder[1:])]
    counted = {"range": {"field": PRICE, "ranges": ranges}}
    return [
        body | {"aggs": body["aggs"] | {PRICE: counted}} if PRICE in body.get("aggs", {}) else body
        for body in ours(request)
    ]


def without_counts(request: ListingsRequest) -> list[Body]:
    """Build ours with nothing to count: what matching costs, and the requests themselves."""
    return [{name: value for name, value in body.items() if name != "aggs"} for body in ours(request)]


def without_matches(request: ListingsRequest) -> list[Body]:
    """Build ours with nothing to find: what the requests themselves cost."""
    nothing = {"term": {"id": "none"}}
    return [body | {"query": {"bool": {"filter": [body["query"], nothing]}}} for body in ours(request)]


def _one(request: ListingsRequest, query: Sequence[Body]) -> Body:
    search = request.search()
    wanted = filters(search)
    page = page_of_listings(search, wanted, with_total=True)
    return page | {
        "query": {"bool": {"filter": list(query)}},
        "post_filter": {"bool": {"filter": list(wanted.chosen.values())}},
        "aggs": {
            group: {
                "filter": {"bool": {"filter": [f for name, f in wanted.chosen.items() if name != group]}},
                "aggs": {"values": {"terms": {"field": COUNTED_BY.get(group, group), "size": EVERY_VALUE}}},
            }
            for group in (*(facet.value for facet in request.facets), PRICE)
        },
    }


FORMS: dict[str, Form] = {
    "engine: hits only": hits_only,
    "engine: faceted, _msearch (ours)": ours,
    "engine: faceted, one request, post_filter": one_request,
    "engine: faceted, narrowed to all but one": all_but_one,
    "engine: faceted, prices by ranges": by_ranges,
    "engine: faceted (ours), nothing to count": without_counts,
    "engine: faceted (ours), nothing to find": without_matches,
}


def as_msearch(form: Form, requests: Sequence[dict[str, Any]]) -> list[bytes]:
    return [b"".join(_lines(form(ListingsRequest.model_validate(request)))) for request in requests]


def _lines(bodies: Sequence[Body]) -> Iterator[bytes]:
    for body in bodies:
        yield HEADER + b"\n" + orjson.dumps(body) + b"\n"
