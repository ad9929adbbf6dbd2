"""The listing as it is searched: the document's type and the index that holds it, side by side.

A listing is a pure function of its property row (and what the row joins) at one revision, and the
revision is its external version. The index keeps what a result card and the filters need, so that
a search is answered from `_source` without a second look-up.
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
"""Into how many groups of ids `indexer verify` splits the index, to open only those that differ."""

KEYWORD = {"type": "keyword"}
# A match counts by its field alone, not by how rare its words are today: so a listing keeps its score
# while others change, and a walk by cursor sees it exactly once.
WORDS = {"type": "text", "similarity": "boolean", "norms": False, "index_options": "docs"}
TEXT = WORDS | {"analyzer": "listing", "search_analyzer": "visitor"}
NAME = WORDS | {"analyzer": "name"}
PART = WORDS | {"analyzer": "name_parts", "search_analyzer": "name_part"}
STATED = KEYWORD | {"copy_to": ["stated"]}
INTEGER = {"type": "integer"}

MAPPING: dict[str, Any] = {
    # Raised when the same mapping gets another content, so that `schema_hash` tells them apart.
    "_meta": {"content": 3},
    # A field that nobody planned is a bug in the renderer, and is refused for that document alone.
    "dynamic": "strict",
    # Searched but never shown on a card, so it need not travel with every hit.
    "_source": {"excludes": ["description"]},
    "properties": {
        "id": KEYWORD,  # also the last sort key, which makes every order total
        "revision": {"type": "long"},  # summed per bucket by `indexer verify`
        "bucket": INTEGER,
        "is_active": {"type": "boolean"},  # inactive ones stay, as guards against late writes
        "title": TEXT,
        "description": TEXT,
        "society": KEYWORD | {"fields": {"text": TEXT, "name": NAME, "part": PART}},
        "locality": STATED,
        # What the listing states, as words: `sector 62`, `independent house`, `sale`, `north east`.
        "stated": TEXT,
        "sector": KEYWORD,
        "location": {"type": "geo_point"},
        # Whether it is only the sector's centre; shown, never searched.
        "location_approximate": {"type": "boolean", "index": False, "doc_values": False},
        "property_type": STATED,
        "listing_type": STATED,
        # A keyword, for it is chosen and counted and never measured: "3", "2.5".
        "bhk": KEYWORD,
        "bathrooms": INTEGER,
        "area_sqft": INTEGER,
        "area_basis": KEYWORD,
        "price": {"type": "long"},  # whole rupees; per month for a rent
        # The step of the rupee ladder at or below the price (domain/price_bands.py): counting listings
        # by it costs a fraction of a range aggregation, and price bands are sums of steps.
        "price_step": KEYWORD,
        "price_per_sqft": {"type": "long"},
        "facing_direction": STATED,
        # Where the rooms lie, for visitors with a wish of their own beside the vastu score.
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
        # The best deal first, one whose price needs a check behind all others (domain/ranking.py).
        "deal_order": INTEGER,
        "image": {"type": "keyword", "index": False, "doc_values": False},
        "listed_at": {"type": "date"},
        "rank": {"type": "long"},  # domain/ranking.py, in thousandths of a point
        # Of a tombstone, which is all that is left of a deleted property; no listing has it.
        "deleted_at": {"type": "date"},
    },
}

INDEX: dict[str, Any] = {
    "settings": {
        "index": {
            # A drain refreshes when it has written; a timer would only add cost.
            "refresh_interval": "-1",
            # A refresh must not wait for merges: with this on, a change takes three times as long to show.
            "merge_on_flush.enabled": False,
            # Every answer names at most 10,000 listings; deeper paging goes by cursor.
            "max_result_window": 10_000,
            # What nearly every search filters by first. Kept side by side on disk, the matches of a
            # search are one stretch of documents: counts at a million listings take a third less.
            "sort.field": ["is_active", "listing_type", "property_type", "bhk"],
            "sort.order": ["desc", "asc", "asc", "asc"],
        },
        "analysis": ANALYSIS,
    },
    "mappings": MAPPING,
}


def schema_hash() -> str:
    """Eight characters that change whenever an index made before would not serve this code."""
    return hashlib.sha256(json.dumps(INDEX, sort_keys=True).encode()).hexdigest()[:8]
