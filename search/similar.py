"""Listings similar to the one that a visitor views: same type, close in price, size and location."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.ids import read_id
from domain.likeness import Home, likeness
from schemas.api.search.similar import SimilarListing, SimilarListings
from search.answers.cards import Source, card
from search.engine import ask
from search.queries import LAST_KEY, Body
from services.properties.live import no_such_listing

SHOWN = 8
CANDIDATES = 60
"""Enough candidates to fill the list with at most two from each society."""
MOST_OF_ONE_SOCIETY = 2

PRICES = (0.6, 1.6)
AREAS = (0.6, 1.6)
"""Listings outside these shares of the subject's value are not similar. This also limits the scoring."""

WEIGHTS = {
    "price": 3.0,  # a visitor is least flexible here
    "area_sqft": 2.0,
    "location": 3.0,  # as much as the price: the visitor looks for a home there
    "bhk": 2.0,
    "locality": 1.0,  # in addition to the distance, because a sector means more than its location
    "score": 0.5,  # vastu and light matter to some visitors
}


async def similar_listings(search: AsyncOpenSearch, alias: str, property_id: str) -> SimilarListings:
    """Return at most eight similar listings, the most similar first.

    Raises:
        NotFound: there is no live listing with this id.
        SearchUnavailable: see engine.ask.
    """
    subject = await _subject(search, alias, property_id)
    [response] = await ask(search, alias, [similarity_query(subject)])
    found = (hit["_source"] for hit in response["hits"]["hits"])
    return SimilarListings(items=[similar(subject, source) for source in limit_per_society(found)])


async def _subject(search: AsyncOpenSearch, alias: str, property_id: str) -> Source:
    key = read_id(property_id)
    live = {"bool": {"filter": [{"ids": {"values": [str(key)]}}, {"term": {"is_active": True}}]}}
    hits: list[dict[str, Any]] = []
    if key is not None:
        [response] = await ask(search, alias, [{"query": live, "size": 1}])
        hits = response["hits"]["hits"]
    if not hits:
        raise no_such_listing()
    source: Source = hits[0]["_source"]
    return source


def similarity_query(subject: Source) -> Body:
    return {
        "query": {
            "function_score": {
                "query": {
                    "bool": {"filter": list(similarity_filters(subject)), "must_not": [_itself(subject)]}
                },
                "functions": list(scoring_functions(subject)),
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


def similarity_filters(subject: Source) -> Iterator[Body]:
    """Yield filters for live listings of the same type and offer, within the ranges of price and area."""
    yield {"term": {"is_active": True}}
    yield {"term": {"listing_type": subject["listing_type"]}}
    yield {"term": {"property_type": subject["property_type"]}}
    for field, (least, most) in (("price", PRICES), ("area_sqft", AREAS)):
        yield {"range": {field: {"gte": int(subject[field] * least), "lte": int(subject[field] * most)}}}


def scoring_functions(subject: Source) -> Iterator[Body]:
    """Yield the scoring functions for similarity; each scores at most its weight."""
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


def limit_per_society(found: Iterable[Source]) -> list[Source]:
    """Return the first few, at most two from one society: eight flats in one tower are one suggestion."""
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
