"""Turn hits into the cards of a result page.

Cards, options and bars are written as literals: calling their types takes three times as long, and an answer
has a hundred of them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.bedrooms import bhk_number
from domain.ranking import rank
from schemas.api.search.canonical import KeyMetrics, ListingCard, RankParts

Source = dict[str, Any]
"""A document of the index, see schemas/index/listings.py."""


def cards(hits: Iterable[dict[str, Any]], *, explain: bool = False) -> list[ListingCard]:
    return [explained_card(hit) if explain else card(hit["_source"]) for hit in hits]


def card(source: Source) -> ListingCard:
    location = source["location"]
    return {
        "id": source["id"],
        "title": source["title"],
        "society": source["society"],
        "locality": source["locality"],
        "sector": source["sector"],
        "latitude": location and location["lat"],
        "longitude": location and location["lon"],
        "location_approximate": source["location_approximate"],
        "property_type": source["property_type"],
        "listing_type": source["listing_type"],
        "bhk": source["bhk"] and bhk_number(source["bhk"]),
        "area_sqft": source["area_sqft"],
        "area_basis": source["area_basis"],
        "price": source["price"],
        "price_per_sqft": source["price_per_sqft"],
        "facing_direction": source["facing_direction"],
        "furnishing_status": source["furnishing_status"],
        "image": source["image"],
        "listed_at": source["listed_at"],
        "key_metrics": key_metrics(source),
    }


def key_metrics(source: Source) -> KeyMetrics:
    return {
        "vastu": source["vastu_score"],
        "light": source["light_score"],
        "price_vs_market": {"delta_pct": source["deal_delta_pct"], "label": source["deal"]},
    }


def explained_card(hit: dict[str, Any]) -> ListingCard:
    shown = card(hit["_source"])
    shown["rank"] = rank_parts(hit["_source"])
    if hit["_score"] is not None:  # present only if the search sorts by it
        shown["rank"]["words"] = hit["_score"]
    return shown


def rank_parts(source: Source) -> RankParts:
    parts = rank(
        vastu_score=source["vastu_score"],
        light_score=source["light_score"],
        deal=source["deal"],
        has_image=source["image"] is not None,
        listed_at=datetime.fromisoformat(source["listed_at"]),
    )
    return RankParts(
        vastu=parts.vastu,
        light=parts.light,
        deal=parts.deal,
        image=parts.image,
        freshness=parts.freshness,
        total=parts.thousandths / 1000,
    )
