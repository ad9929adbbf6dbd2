"""Compare one listing with its market now: comparables come from the index, domain/market judges them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import ceil, floor
from typing import Any

from opensearchpy import AsyncOpenSearch

from domain.bedrooms import bhk_term
from domain.market.comparison import Comparison, TriedLevel, compare, judge
from domain.market.figures import FENCE, Figures, interval_place
from domain.market.labels import FEWEST
from domain.market.ladder import LADDER, RADIUS_KM, Rung, area_bounds, neighbourhood
from schemas.vocabulary import MarketLevel
from search.engine import ask
from search.queries import Body

MOST_FETCHED = 500
"""Up to this many comparables are fetched; for more, the engine estimates the percentiles."""
STAGES = LADDER[:2], LADDER[2:4], LADDER[4:]
"""Seven in ten subjects need only the first stage; one in ten needs the last."""
QUARTILES = (25, 50, 75)
PRECISION = 1_000
"""Compression of the engine's t-digest. With its default of 100, the median of 600 prices is 2 % off."""


@dataclass(frozen=True)
class Subject:
    """The listing to compare, as stored in Postgres."""

    id: str
    property_type: str
    listing_type: str
    area_basis: str
    bhk: float | None
    area_sqft: int
    price_per_sqft: int
    locality: str
    society: str | None
    place: tuple[float, float] | None
    """Latitude and longitude."""


@dataclass(frozen=True)
class LiveComparison:
    comparison: Comparison
    comparables: list[str]
    """Ids, at most MOST_FETCHED."""
    approximate: bool


async def compare_live(search: AsyncOpenSearch, alias: str, subject: Subject) -> LiveComparison:
    """Climb the ladder: some levels in one `_msearch`, the wider ones only if needed.

    Most subjects find enough comparables in their sector. The wider levels cover most of all listings.

    Raises:
        SearchUnavailable: see engine.ask.
    """
    levels: list[Level] = []
    for stage in STAGES:
        levels += await _levels(
            search, alias, subject, [rung for rung in ladder_of(subject) if rung in stage]
        )
        small = list(takewhile(lambda level: level.total <= MOST_FETCHED, levels))
        found = compare(subject.price_per_sqft, ((level.rung.level, level.prices) for level in small))
        if found.n >= FEWEST or len(small) < len(levels):
            break
    if found.n < FEWEST and len(small) < len(levels):
        large = levels[len(small)]
        estimated = await _estimated(search, alias, subject, large, found.ladder)
        return LiveComparison(estimated, large.ids, approximate=True)
    return LiveComparison(found, levels[len(found.ladder) - 1].ids, approximate=False)


async def _levels(
    search: AsyncOpenSearch, alias: str, subject: Subject, rungs: Sequence[Rung]
) -> list["Level"]:
    responses = await ask(search, alias, [comparables(subject, rung) for rung in rungs])
    return [Level.read(rung, response) for rung, response in zip(rungs, responses, strict=True)]


def ladder_of(subject: Subject) -> Iterator[Rung]:
    """Yield the rungs, except the society's for a subject without one and the circle's without a location."""
    for rung in LADDER:
        lacks_society = rung.level is MarketLevel.SAME_SOCIETY and subject.society is None
        lacks_place = rung.level is MarketLevel.WITHIN_2_KM and subject.place is None
        if not lacks_society and not lacks_place:
            yield rung


@dataclass(frozen=True)
class Level:
    rung: Rung
    total: int
    prices: list[int]
    """Ascending."""
    ids: list[str]

    @classmethod
    def read(cls, rung: Rung, response: dict[str, Any]) -> "Level":
        rows = [hit["sort"] for hit in response["hits"]["hits"]]
        total = response["hits"]["total"]["value"]
        return cls(rung, total, [price for price, _ in rows], [listing_id for _, listing_id in rows])


def comparables(subject: Subject, rung: Rung) -> Body:
    return {
        "query": eligible(subject, rung),
        "size": MOST_FETCHED,
        # A hit carries its sort values, so no stored field is fetched, not even `_id`.
        "stored_fields": "_none_",
        "sort": ["price_per_sqft", "id"],
        "track_total_hits": MOST_FETCHED + 1,
    }


def eligible(subject: Subject, rung: Rung, *further: Body) -> Body:
    kind = ("property_type", "listing_type", "area_basis")
    filters: list[Body] = [{"term": {"is_active": True}}]
    filters += [{"term": {field: getattr(subject, field)}} for field in kind]
    filters += [*_bedrooms(subject, rung), *_area(subject, rung), *_place(subject, rung), *further]
    without = [{"term": {"id": subject.id}}]
    if subject.bhk is None:
        without.append({"exists": {"field": "bhk"}})
    return {"bool": {"filter": filters, "must_not": without}}


def _bedrooms(subject: Subject, rung: Rung) -> Iterator[Body]:
    if subject.bhk is not None:
        halves = range(-2 * rung.bhk_span, 2 * rung.bhk_span + 1)
        wanted = [subject.bhk + half / 2 for half in halves if subject.bhk + half / 2 > 0]
        yield {"terms": {"bhk": [bhk_term(bhk) for bhk in wanted]}}


def _area(subject: Subject, rung: Rung) -> Iterator[Body]:
    if rung.area_pct is not None:
        least, most = area_bounds(subject.area_sqft, rung.area_pct)
        yield {"range": {"area_sqft": {"gte": least, "lte": most}}}


def _place(subject: Subject, rung: Rung) -> Iterator[Body]:
    match rung.level:
        case MarketLevel.SAME_SOCIETY:
            yield {"term": {"locality": subject.locality}}
            yield {"term": {"society": subject.society}}
        case MarketLevel.SAME_SECTOR | MarketLevel.SIMILAR_IN_SECTOR:
            yield {"term": {"locality": subject.locality}}
        case MarketLevel.WITHIN_2_KM if subject.place is not None:
            centre = {"lat": subject.place[0], "lon": subject.place[1]}
            yield {"geo_distance": {"distance": f"{RADIUS_KM}km", "location": centre}}
        case MarketLevel.NEIGHBOURING_SECTORS:
            yield {"terms": {"locality": neighbourhood(subject.locality)}}


async def _estimated(
    search: AsyncOpenSearch, alias: str, subject: Subject, level: Level, tried: Sequence[TriedLevel]
) -> Comparison:
    """Compute the same figures from the engine's percentiles."""
    [all_of_them] = await ask(search, alias, [percentiles_query(eligible(subject, level.rung), QUARTILES)])
    total = all_of_them["hits"]["total"]["value"]
    fence = {"range": {"price_per_sqft": within_fence(*percentiles_of(all_of_them))}}
    places = [
        100 * place / (total - 1) for place in (interval_place(total) - 1, total - interval_place(total))
    ]
    body = percentiles_query(eligible(subject, level.rung, fence), (*QUARTILES, *places))
    [response] = await ask(search, alias, [body | rank_query(body, subject.price_per_sqft)])
    n = response["hits"]["total"]["value"]
    p25, low, median, high, p75 = percentiles_of(response)
    found = Figures(n, total - n, round(p25), round(median), round(p75), floor(low), ceil(high))
    below, same = (response["aggregations"][name]["doc_count"] for name in ("below", "same"))
    ladder = (*tried, TriedLevel(level.rung.level, n, total - n))
    return judge(
        subject.price_per_sqft, level.rung.level, found, round(100 * (below + same / 2) / n, 1), ladder
    )


def percentiles_query(query: Body, percents: Sequence[float]) -> Body:
    percentiles = {
        "field": "price_per_sqft",
        "percents": list(percents),
        "keyed": False,
        "tdigest": {"compression": PRECISION},
    }
    return {
        "query": query,
        "size": 0,
        "track_total_hits": True,
        "aggs": {"spread": {"percentiles": percentiles}},
    }


def rank_query(body: Body, price_per_sqft: int) -> Body:
    below = {"filter": {"range": {"price_per_sqft": {"lt": price_per_sqft}}}}
    same = {"filter": {"term": {"price_per_sqft": price_per_sqft}}}
    return {"aggs": body["aggs"] | {"below": below, "same": same}}


def percentiles_of(response: dict[str, Any]) -> list[float]:
    """Return the values by ascending percent, regardless of the order of the request."""
    return [entry["value"] for entry in response["aggregations"]["spread"]["values"]]


def within_fence(p25: float, median: float, p75: float) -> Body:
    reach = FENCE * (p75 - p25)
    return {"gte": ceil(median - reach), "lte": floor(median + reach)} if reach else {"gte": 0}
