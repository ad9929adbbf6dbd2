"""Golden searches: what people look for here, asked of two generations to see what a release changes.

The words that visitors typed are not kept, so these are a list of ours: the commonest wishes of the
market, by name, by place and by answers alone. The bodies ask the engine directly for what the analysis
and the stored ranks decide; they are no copy of the API's, which is free to ask more.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch

DEPTH = 10
GOOD = 0.8
"""Below this somebody should look at what changed."""

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
    """How much of the first ten results two generations share: 1 is all."""

    live: str
    other: str
    by_search: dict[str, float]

    @property
    def mean(self) -> float:
        return round(sum(self.by_search.values()) / len(self.by_search), 3)

    def sentences(self) -> Iterator[str]:
        yield f"Golden searches: {self.other} shares {self.mean:.0%} of the first {DEPTH} results."
        for name, share in self.by_search.items():
            if share < GOOD:
                yield f"  {name}: {share:.0%}"


def searches() -> dict[str, dict[str, Any]]:
    """Bodies by name."""
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
    shares = (share(one, two) for one, two in zip(before, after, strict=True))
    return Overlap(live, other, dict(zip(bodies, shares, strict=True)))


async def _first_results(
    search: AsyncOpenSearch, index: str, bodies: list[dict[str, Any]]
) -> list[list[str]]:
    lines = b"".join(b"{}\n" + orjson.dumps(body) + b"\n" for body in bodies)
    answer = await search.msearch(index=index, body=lines)
    return [[hit["_id"] for hit in each.get("hits", {}).get("hits", ())] for each in answer["responses"]]


def share(before: list[str], after: list[str]) -> float:
    """Results in common, over the longer of both; two empty lists are alike."""
    longer = max(len(before), len(after))
    return round(len({*before} & {*after}) / longer, 3) if longer else 1.0
