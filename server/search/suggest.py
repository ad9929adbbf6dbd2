"""What somebody who types may mean: sectors by name and number, societies by words of theirs."""

from collections.abc import Iterable
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.sector_prefix import sectors_beginning
from schemas.api.search import ListingSearch
from schemas.api.suggest import Completion, Suggest, SuggestRequest
from server.search.engine import ask
from server.search.queries import Body, filters


async def suggest(search: AsyncOpenSearch, alias: str, request: SuggestRequest) -> Suggest:
    """The fullest localities and societies that fit what is typed so far.

    Raises:
        SearchUnavailable: see engine.ask.
    """
    localities = [fact.locality for fact in sectors_beginning(request.q)]
    bodies = [*counted_localities(request, localities), *counted_societies(request)]
    if not bodies:
        return Suggest(items=[])
    responses = await ask(search, alias, bodies)
    found = [completion for response in responses for completion in completions(request, response)]
    found.sort(key=lambda item: (item["kind"], -item["count"], len(item["value"]), item["value"]))
    return Suggest(items=found[: request.limit])


def counted_localities(request: SuggestRequest, localities: list[str]) -> list[Body]:
    if not localities:
        return []
    chosen = {"terms": {"locality": localities}}
    return [counting(request, chosen, "locality")]


def counted_societies(request: SuggestRequest) -> list[Body]:
    """Whole words with a typo or two, the last one also as far as it goes."""
    if not request.q:
        return []
    begun = {"match_bool_prefix": {"society.text": {"query": request.q, "operator": "and"}}}
    mistyped = {"match": {"society.text": {"query": request.q, "operator": "and", "fuzziness": "AUTO:5,8"}}}
    return [counting(request, {"bool": {"should": [begun, mistyped]}}, "society")]


def counting(request: SuggestRequest, chosen: Body, field: str) -> Body:
    live = filters(ListingSearch(listing_type=request.listing_type)).base
    return {
        "query": {"bool": {"filter": [*live, chosen]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {field: {"terms": {"field": field, "size": request.limit}}},
    }


def completions(request: SuggestRequest, response: dict[str, Any]) -> Iterable[Completion]:
    for kind, counted in response["aggregations"].items():
        for bucket in counted["buckets"]:
            chosen = ListingSearch.model_validate(
                {"listing_type": request.listing_type, kind: [bucket["key"]]}
            )
            yield Completion(
                kind=kind,
                value=bucket["key"],
                label=bucket["key"],
                count=bucket["doc_count"],
                search=chosen.canonical(),
            )
