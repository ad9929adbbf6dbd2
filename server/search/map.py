"""A viewport of the map: bubbles with count and median price, single listings when it is close enough."""

from dataclasses import replace
from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.geo import Geo
from schemas.api.map import Cluster, MapAnswer, MapRequest
from schemas.api.search import Sort
from server.search.cards import cards
from server.search.engine import ask
from server.search.queries import LAST_KEY, SORTS, Body, Filters, filters, within

STREETS = 16
"""From this zoom on listings are shown one by one."""
MOST_ITEMS = 200  # more pins than this cover each other; many listings share their sector's centre
FINER = 2  # clusters are tiles two steps finer than the viewport's, some 64 pixels wide
FINEST = 29  # the engine's own limit
EVERY_TILE = 10_000


async def draw_map(search: AsyncOpenSearch, alias: str, request: MapRequest) -> MapAnswer:
    """Clusters, or listings where they are few and the viewport is close.

    Raises:
        SearchUnavailable: see engine.ask.
    """
    wanted = shown(request)
    close = request.zoom >= STREETS
    bodies = [clustered(wanted, request.zoom), *([listed(wanted)] if close else [])]
    responses = await ask(search, alias, bodies)
    total = responses[0]["hits"]["total"]["value"]
    if close and total <= MOST_ITEMS:
        return MapAnswer(clusters=[], items=cards(responses[1]["hits"]["hits"]), total=total)
    return MapAnswer(clusters=clusters(responses[0]), items=[], total=total)


def shown(request: MapRequest) -> Filters:
    wanted = filters(request)
    if request.viewport is None:  # the place that is searched in is the viewport
        return wanted
    return replace(wanted, base=[*wanted.base, within(Geo(box=request.viewport))])


def clustered(wanted: Filters, zoom: int) -> Body:
    tiles = {"field": "location", "precision": min(zoom + FINER, FINEST), "size": EVERY_TILE}
    measures = {
        "centre": {"geo_centroid": {"field": "location"}},
        "price": {"percentiles": {"field": "price", "percents": [50]}},
    }
    return {
        "query": wanted.but(),
        "size": 0,
        "track_total_hits": True,
        "aggs": {"tiles": {"geotile_grid": tiles, "aggs": measures}},
    }


def listed(wanted: Filters) -> Body:
    return {"query": wanted.but(), "size": MOST_ITEMS, "sort": SORTS[Sort.RELEVANCE] + LAST_KEY}


def clusters(response: dict[str, Any]) -> list[Cluster]:
    """The fullest first, so that a map draws the small ones on top."""
    return [
        Cluster(
            latitude=round(bucket["centre"]["location"]["lat"], 6),
            longitude=round(bucket["centre"]["location"]["lon"], 6),
            count=bucket["doc_count"],
            median_price=round(bucket["price"]["values"]["50.0"]),
            tile=bucket["key"],
        )
        for bucket in response["aggregations"]["tiles"]["buckets"]
    ]
