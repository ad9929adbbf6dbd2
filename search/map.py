"""A viewport of the map: clusters with count and median price, or single listings at close zoom."""

from dataclasses import replace
from math import asinh, floor, pi, radians, tan
from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.search.canonical import Sort
from schemas.api.search.geo import Box, Geo
from schemas.api.search.map import Cluster, MapAnswer, MapRequest
from search.answers.cards import cards
from search.engine import ask
from search.queries import LAST_KEY, SORTS, Body, Filters, filters, within

STREETS = 16
"""From this zoom level, listings are shown one by one."""
MOST_ITEMS = 200  # more pins would overlap; many listings share their sector's centre
FINER = 2  # clusters are tiles two zoom levels finer than the viewport, about 64 pixels wide
MOST_TILES = 64 * 64
"""A viewport with more tiles, larger than any screen, gets coarser ones, so that no listing is left out."""
POLE = 85.05112877980659
"""Latitude in degrees where web maps and the engine's tiles end."""


async def draw_map(search: AsyncOpenSearch, alias: str, request: MapRequest) -> MapAnswer:
    """Return clusters, or single listings if there are few and the zoom is close.

    Raises:
        SearchUnavailable: see engine.ask.
    """
    wanted = filters_in_viewport(request)
    close = request.zoom >= STREETS
    tiles = tile_zoom(viewport_of(request), request.zoom)
    bodies = [clusters_query(wanted, tiles), *([listings_query(wanted)] if close else [])]
    responses = await ask(search, alias, bodies)
    total = responses[0]["hits"]["total"]["value"]
    if close and total <= MOST_ITEMS:
        return MapAnswer(clusters=[], items=cards(responses[1]["hits"]["hits"]), total=total)
    return MapAnswer(clusters=clusters(responses[0]), items=[], total=total)


def viewport_of(request: MapRequest) -> Box:
    """Return the part of the map that is shown; the request's validation guarantees one."""
    if request.viewport is not None:
        return request.viewport
    assert request.geo is not None
    assert request.geo.box is not None
    return request.geo.box


def filters_in_viewport(request: MapRequest) -> Filters:
    wanted = filters(request)
    if request.viewport is None:  # the search area itself is the viewport
        return wanted
    return replace(wanted, base=[*wanted.base, within(Geo(box=request.viewport))])


def tile_zoom(box: Box, zoom: int) -> int:
    """Return the zoom level of the tiles: FINER than the viewport's, or coarser to stay within MOST_TILES."""
    finest = zoom + FINER
    return next(step for step in range(finest, -1, -1) if tiles_in(box, step) <= MOST_TILES)


def tiles_in(box: Box, step: int) -> int:
    """Return the number of map tiles that a box touches."""
    across = tile_column(box.east, step) - tile_column(box.west, step) + 1
    return across * (tile_row(box.south, step) - tile_row(box.north, step) + 1)


def tile_column(longitude: float, step: int) -> int:
    return floor((longitude + 180) / 360 * (1 << step))


def tile_row(latitude: float, step: int) -> int:
    """Return the tile row in the web map projection, counted from the north."""
    north = radians(max(-POLE, min(POLE, latitude)))
    return floor((1 - asinh(tan(north)) / pi) / 2 * (1 << step))


def clusters_query(wanted: Filters, precision: int) -> Body:
    tiles = {"field": "location", "precision": precision, "size": MOST_TILES}
    measures = {
        "centre": {"geo_centroid": {"field": "location"}},
        "price": {"percentiles": {"field": "price", "percents": [50]}},
    }
    return {
        "query": wanted.query(),
        "size": 0,
        "track_total_hits": True,
        "aggs": {"tiles": {"geotile_grid": tiles, "aggs": measures}},
    }


def listings_query(wanted: Filters) -> Body:
    return {"query": wanted.query(), "size": MOST_ITEMS, "sort": SORTS[Sort.RELEVANCE] + LAST_KEY}


def clusters(response: dict[str, Any]) -> list[Cluster]:
    """Return the clusters, largest first, so that a map draws the small ones on top."""
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
