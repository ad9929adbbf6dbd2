"""Golden searches: typical searches, run against two generations to see what a release changes.

Search words of visitors are not stored, so this is a fixed list of common searches: by words, by place
and by filters alone. The bodies test what text analysis and the stored ranks decide. They are not a copy
of the API's searches, which may contain more.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch

DEPTH = 10
LOW_OVERLAP = 0.8
"""An overlap below this should be looked into."""

WORDS = (
    "2 bhk flat", "3 bhk sector 62", "4 bhk villa", "builder floor", "penthouse", "studio apartment",
    "ready to move", "park facing", "corner plot", "near metro", "furnished flat", "east facing",
    "sector 150", "sector 137", "sector 78", "noida extension", "independent house", "gated society",
)  # fmt: skip
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "apartments for sale": {"listing_type": "sale", "property_type": "apartment"},
    "apartments for rent": {"listing_type": "rent", "property_type": "apartment"},
    "villas for sale": {"listing_type": "sale", "property_type": "villa"},
    "plots for sale": {"listing_type": "sale", "property_type": "plot"},
    "three bedrooms for sale": {"listing_type": "sale", "bhk": "3"},
    "two bedrooms for rent": {"listing_type": "rent", "bhk": "2"},
    "great prices": {"deal": "great"},
}
FIELDS = ("title^3", "society.text^2", "locality.text^2", "description")


@dataclass(frozen=True)
class Overlap:
    """The share of the first ten results that two generations have in common; 1 means all."""

    live: str
    other: str
    by_search: dict[str, float]

    @property
    def mean(self) -> float:
        return round(sum(self.by_search.values()) / len(self.by_search), 3)

    def sentences(self) -> Iterator[str]:
        yield f"Golden searches: {self.other} shares {self.mean:.0%} of the first {DEPTH} results."
        for name, share in self.by_search.items():
            if share < LOW_OVERLAP:
                yield f"  {name}: {share:.0%}"


def searches() -> dict[str, dict[str, Any]]:
    """Return the search bodies by name."""
    by_words = {
        words: {"multi_match": {"query": words, "fields": FIELDS, "type": "cross_fields"}} for words in WORDS
    }
    by_answers = {
        name: {"bool": {"filter": [{"term": {field: value}} for field, value in answers.items()]}}
        for name, answers in ANSWERS.items()
    }
    return {name: _body(query) for name, query in (by_words | by_answers).items()}


def _body(query: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"bool": {"must": query, "filter": {"term": {"is_active": True}}}}
    return {
        "query": shown,
        "size": DEPTH,
        "_source": False,
        "sort": ["_score", {"rank": "desc"}, {"id": "asc"}],
    }


async def compare(search: AsyncOpenSearch, live: str, other: str) -> Overlap:
    bodies = searches()
    before, after = await asyncio.gather(
        *(_first_results(search, index, list(bodies.values())) for index in (live, other))
    )
    shares = (overlap_share(one, two) for one, two in zip(before, after, strict=True))
    return Overlap(live, other, dict(zip(bodies, shares, strict=True)))


async def _first_results(
    search: AsyncOpenSearch, index: str, bodies: list[dict[str, Any]]
) -> list[list[str]]:
    lines = b"".join(b"{}\n" + orjson.dumps(body) + b"\n" for body in bodies)
    answer = await search.msearch(index=index, body=lines)
    return [[hit["_id"] for hit in each.get("hits", {}).get("hits", ())] for each in answer["responses"]]


def overlap_share(before: list[str], after: list[str]) -> float:
    """Common results divided by the length of the longer list; 1.0 if both are empty."""
    longer = max(len(before), len(after))
    return round(len({*before} & {*after}) / longer, 3) if longer else 1.0
