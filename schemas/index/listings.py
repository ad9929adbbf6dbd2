"""The listing as it is searched: the document's type and the mapping of its index.

A listing is a pure function of its property row (and the rows joined to it) at one revision. The revision is
the document's external version. The index stores what result cards and filters need, so a search is answered
from `_source` without a second look-up.
"""

import hashlib
import json
from typing import Any, TypedDict

from schemas.index.analysis import ANALYSIS


class Location(TypedDict):
    lat: float
    lon: float


class ListingDocument(TypedDict):
    id: str
    revision: int
    bucket: int
    is_active: bool
    title: str
    description: str
    society: str | None
    locality: str
    sector: str
    location: Location | None
    location_approximate: bool
    property_type: str
    listing_type: str
    bhk: str | None
    bathrooms: int | None
    area_sqft: int
    area_basis: str
    price: int
    price_step: str
    price_per_sqft: int
    facing_direction: str | None
    entrance_direction: str | None
    kitchen_direction: str | None
    master_bedroom_direction: str | None
    pooja_direction: str | None
    toilet_direction: str | None
    furnishing_status: str | None
    possession_status: str | None
    floor_number: int | None
    total_floors: int | None
    age_years: int | None
    vastu_score: int | None
    light_score: int | None
    deal: str | None
    deal_delta_pct: float | None
    deal_order: int | None
    image: str | None
    listed_at: str
    rank: int


BUCKETS = 1000
"""Number of id groups into which `indexer verify` splits the index, to inspect only those that differ."""

KEYWORD = {"type": "keyword"}
# Scores depend on the field only, not on how rare a word currently is. A listing therefore keeps its score
# while others change, and paging by cursor returns it exactly once.
WORDS = {"type": "text", "similarity": "boolean", "norms": False, "index_options": "docs"}
TEXT = WORDS | {"analyzer": "listing", "search_analyzer": "visitor"}
NAME = WORDS | {"analyzer": "name"}
PART = WORDS | {"analyzer": "name_parts", "search_analyzer": "name_part"}
STATED = KEYWORD | {"copy_to": ["stated"]}
INTEGER = {"type": "integer"}

MAPPING: dict[str, Any] = {
    # Increment when the content changes but the mapping does not, so that `schema_hash` differs.
    "_meta": {"content": 4},
    # An unmapped field is a bug in the renderer; only that document is refused.
    "dynamic": "strict",
    # Searched but not shown on cards, so hits do not carry it.
    "_source": {"excludes": ["description"]},
    "properties": {
        "id": KEYWORD,  # also the last sort key, which makes every order total
        "revision": {"type": "long"},  # summed per bucket by `indexer verify`
        "bucket": INTEGER,
        "is_active": {"type": "boolean"},  # inactive listings stay, to guard against late writes
        "title": TEXT,
        "description": TEXT,
        "society": KEYWORD | {"fields": {"text": TEXT, "name": NAME, "part": PART}},
        "locality": STATED,
        # What the listing states, as words: `sector 62`, `independent house`, `sale`, `north east`.
        "stated": TEXT,
        "sector": KEYWORD,
        "location": {"type": "geo_point"},
        # True if the location is only the sector's centre; shown but never searched.
        "location_approximate": {"type": "boolean", "index": False, "doc_values": False},
        "property_type": STATED,
        "listing_type": STATED,
        # A keyword, because it is filtered and counted but never compared by size: "3", "2.5".
        "bhk": KEYWORD,
        "bathrooms": INTEGER,
        "area_sqft": INTEGER,
        "area_basis": KEYWORD,
        # Whole rupees; per month for a rent. The index is sorted by it within each kind of home, so a range
        # is found by the smallest and largest value of each block of documents. Points would be slower.
        "price": {"type": "long", "index": False, "skip_list": True},
        # The step of the rupee ladder at or below the price (domain/price_bands.py). Counting listings by
        # step costs a fraction of a range aggregation, and price bands are sums of steps.
        "price_step": KEYWORD,
        "price_per_sqft": {"type": "long"},
        "facing_direction": STATED,
        # Directions of rooms, for visitors with wishes beyond the vastu score.
        "entrance_direction": KEYWORD,
        "kitchen_direction": KEYWORD,
        "master_bedroom_direction": KEYWORD,
        "pooja_direction": KEYWORD,
        "toilet_direction": KEYWORD,
        "furnishing_status": STATED,
        "possession_status": STATED,
        "floor_number": INTEGER,
        "total_floors": {"type": "integer", "index": False},
        "age_years": INTEGER,
        "vastu_score": INTEGER,
        "light_score": INTEGER,
        "deal": KEYWORD,
        "deal_delta_pct": {"type": "float"},
        # Best deal first; listings whose price needs a check come last (domain/ranking.py).
        "deal_order": INTEGER,
        "image": {"type": "keyword", "index": False, "doc_values": False},
        "listed_at": {"type": "date"},
        "rank": {"type": "long"},  # domain/ranking.py, in thousandths of a point
        # Set only on tombstones, which remain of deleted properties.
        "deleted_at": {"type": "date"},
    },
}

INDEX: dict[str, Any] = {
    "settings": {
        "index": {
            # A drain refreshes after it has written; a timer would only add cost.
            "refresh_interval": "-1",
            # A refresh must not wait for merges: with this on, a change takes three times as long to become
            # searchable.
            "merge_on_flush.enabled": False,
            # A response lists at most 10,000 listings; deeper paging uses cursors.
            "max_result_window": 10_000,
            # Nearly every search filters by these. Sorted on disk, the matches of a search are one run of
            # documents; counts at a million listings take a third less time, and a tenth less again by the
            # price.
            "sort.field": ["is_active", "listing_type", "property_type", "bhk", "price"],
            "sort.order": ["desc", "asc", "asc", "asc", "asc"],
        },
        "analysis": ANALYSIS,
    },
    "mappings": MAPPING,
}


def schema_hash() -> str:
    """Return eight characters that change whenever existing indexes no longer fit this code."""
    return hashlib.sha256(json.dumps(INDEX, sort_keys=True).encode()).hexdigest()[:8]
