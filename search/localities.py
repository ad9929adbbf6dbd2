"""Live counts by locality from the search engine, with the prices of the last market pass."""

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.api.search.canonical import ListingSearch
from schemas.api.search.localities import Localities, LocalitiesRequest, LocalityFacts
from schemas.sectors import SECTORS, SectorFact
from schemas.tables import MarketSegment
from search.engine import ask
from search.queries import EVERY_VALUE, Body, filters
from services.market import read_segments


async def localities(
    search: AsyncOpenSearch, database: AsyncEngine, alias: str, wanted: LocalitiesRequest
) -> Localities:
    [response] = await ask(search, alias, [by_locality(wanted)])
    async with AsyncSession(database) as session:
        segments = await read_segments(session, wanted)
    counts = {
        bucket["key"]: bucket["doc_count"] for bucket in response["aggregations"]["locality"]["buckets"]
    }
    items = [facts(fact, counts.get(fact.locality, 0), segments.get(fact.locality)) for fact in SECTORS]
    return Localities(
        items=items,
        total=len(items),
        listing_type=wanted.listing_type,
        property_type=wanted.property_type,
        area_basis=wanted.area_basis,
    )


def by_locality(wanted: LocalitiesRequest) -> Body:
    return {
        "query": filters(ListingSearch(listing_type=wanted.listing_type)).query(),
        "size": 0,
        "aggs": {"locality": {"terms": {"field": "locality", "size": EVERY_VALUE}}},
    }


def facts(fact: SectorFact, count: int, segment: MarketSegment | None) -> LocalityFacts:
    return LocalityFacts(
        locality=fact.locality,
        sector=fact.sector,
        latitude=fact.latitude,
        longitude=fact.longitude,
        count=count,
        compared=segment.n if segment else 0,
        p25_price_per_sqft=segment.p25 if segment else None,
        median_price_per_sqft=segment.median if segment else None,
        p75_price_per_sqft=segment.p75 if segment else None,
    )
