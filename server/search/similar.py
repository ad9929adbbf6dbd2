"""Listings like one that a visitor looks at: of its type, near in price, size and place."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.ids import read_id
from domain.likeness import Home, likeness
from schemas.api.similar import SimilarListing, SimilarListings
from schemas.errors import NotFound
from server.search.cards import Source, card
from server.search.engine import ask
from server.search.queries import LAST_KEY, Body

SHOWN = 8
CANDIDATES = 60
"""Enough that two of each society still fill the list."""
MOST_OF_ONE_SOCIETY = 2

PRICES = (0.6, 1.6)
AREAS = (0.6, 1.6)
"""Shares of the subject's own beyond which nothing is similar, which also keeps the scoring small."""

WEIGHTS = {
    "price": 3.0,  # what a visitor can least bend
    "area_sqft": 2.0,
    "location": 3.0,  # as much as the price: they look for a home there
    "bhk": 2.0,
    "locality": 1.0,  # beside the distance, for a sector is more than a distance
    "score": 0.5,  # vastu and light matter to some
}


async def similar_listings(search: AsyncOpenSearch, alias: str, property_id: str) -> SimilarListings:
    """At most eight, the most similar first.

    Raises:
        NotFound: there is no live listing with this id.
        SearchUnavailable: see engine.ask.
    """
    subject = await _subject(search, alias, property_id)
    [response] = await ask(search, alias, [alike(subject)])
    found = (hit["_source"] for hit in response["hits"]["hits"])
    return SimilarListings(items=[similar(subject, source) for source in varied(found)])


async def _subject(search: AsyncOpenSearch, alias: str, property_id: str) -> Source:
    key = read_id(property_id)
    live = {"bool": {"filter": [{"ids": {"values": [str(key)]}}, {"term": {"is_active": True}}]}}
    hits: list[dict[str, Any]] = []
    if key is not None:
        [response] = await ask(search, alias, [{"query": live, "size": 1}])
        hits = response["hits"]["hits"]
    if not hits:
        raise NotFound("There is no such listing, or it is no longer offered.")
    source: Source = hits[0]["_source"]
    return source


def alike(subject: Source) -> Body:
    return {
        "query": {
            "function_score": {
                "query": {"bool": {"filter": list(bounds(subject)), "must_not": [_itself(subject)]}},
                "functions": list(likings(subject)),
                "score_mode": "sum",
                "boost_mode": "replace",
            }
        },
        "sort": [{"_score": "desc"}, *LAST_KEY],
        "size": CANDIDATES,
        "track_total_hits": False,
    }


def _itself(subject: Source) -> Body:
    return {"term": {"id": subject["id"]}}


def bounds(subject: Source) -> Iterator[Body]:
    """The kind of home and of offer, and what could still be called similar."""
    yield {"term": {"is_active": True}}
    yield {"term": {"listing_type": subject["listing_type"]}}
    yield {"term": {"property_type": subject["property_type"]}}
    for field, (least, most) in (("price", PRICES), ("area_sqft", AREAS)):
        yield {"range": {field: {"gte": int(subject[field] * least), "lte": int(subject[field] * most)}}}


def likings(subject: Source) -> Iterator[Body]:
    """What makes a listing more similar, each worth its weight at best."""
    for field in ("price", "area_sqft"):
        near = {"origin": subject[field], "scale": max(1, subject[field] * 0.15), "decay": 0.5}
        yield {"gauss": {field: near}, "weight": WEIGHTS[field]}
    if subject["location"] is not None:
        near = {"origin": subject["location"], "scale": "2km", "decay": 0.5}
        yield {"gauss": {"location": near}, "weight": WEIGHTS["location"]}
    for field in ("bhk", "locality"):
        if subject[field] is not None:
            yield {"filter": {"term": {field: subject[field]}}, "weight": WEIGHTS[field]}
    for field in ("vastu_score", "light_score"):
        if subject[field] is not None:
            close = {"gte": subject[field] - 10, "lte": subject[field] + 10}
            yield {"filter": {"range": {field: close}}, "weight": WEIGHTS["score"]}


def varied(found: Iterable[Source]) -> list[Source]:
    """The first few, at most two of one society: eight flats in one tower are one suggestion."""
    shown: list[Source] = []
    of_society: Counter[str] = Counter()
    for source in found:
        society = source["society"]
        if society is not None and of_society[society] == MOST_OF_ONE_SOCIETY:
            continue
        of_society[society] += 1
        shown.append(source)
    return shown[:SHOWN]


def similar(subject: Source, source: Source) -> SimilarListing:
    return SimilarListing(**card(source), why=likeness(_home(subject), _home(source)))


def _home(source: Source) -> Home:
    location = source["location"]
    return Home(
        locality=source["locality"],
        society=source["society"],
        place=None if location is None else (location["lat"], location["lon"]),
        bhk=source["bhk"],
        price=source["price"],
        area_sqft=source["area_sqft"],
    )
