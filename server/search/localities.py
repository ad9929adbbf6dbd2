"""Live counts and median prices by locality, asked of the search engine in one round trip."""

from typing import Any

from opensearchpy import AsyncOpenSearch

from schemas.api.localities import Localities, LocalitiesRequest, LocalityFacts
from schemas.api.search import ListingSearch
from schemas.sectors import SECTORS, SectorFact
from server.search.engine import ask
from server.search.queries import EVERY_VALUE, Body, filters

FEWEST_FOR_A_MEDIAN = 5  # below that one odd price would be the news


async def localities(search: AsyncOpenSearch, alias: str, wanted: LocalitiesRequest) -> Localities:
    [response] = await ask(search, alias, [by_locality(wanted)])
    buckets = {bucket["key"]: bucket for bucket in response["aggregations"]["locality"]["buckets"]}
    items = [facts(fact, buckets.get(fact.locality)) for fact in SECTORS]
    return Localities(
        items=items,
        total=len(items),
        listing_type=wanted.listing_type,
        property_type=wanted.property_type,
        area_basis=wanted.area_basis,
    )


def by_locality(wanted: LocalitiesRequest) -> Body:
    compared = [
        {"term": {"property_type": wanted.property_type}},
        {"term": {"area_basis": wanted.area_basis}},
    ]
    median = {"percentiles": {"field": "price_per_sqft", "percents": [50]}}
    return {
        "query": filters(ListingSearch(listing_type=wanted.listing_type)).but(),
        "size": 0,
        "aggs": {
            "locality": {
                "terms": {"field": "locality", "size": EVERY_VALUE},
                "aggs": {"compared": {"filter": {"bool": {"filter": compared}}, "aggs": {"median": median}}},
            }
        },
    }


def facts(fact: SectorFact, bucket: dict[str, Any] | None) -> LocalityFacts:
    compared: dict[str, Any] = bucket["compared"] if bucket else {"doc_count": 0}
    enough = compared["doc_count"] >= FEWEST_FOR_A_MEDIAN
    return LocalityFacts(
        locality=fact.locality,
        sector=fact.sector,
        latitude=fact.latitude,
        longitude=fact.longitude,
        count=bucket["doc_count"] if bucket else 0,
        compared=compared["doc_count"],
        median_price_per_sqft=round(compared["median"]["values"]["50.0"]) if enough else None,
    )
