"""The same listings in indexes that differ in one setting: what each setting is worth."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch

from bench.harness import servers
from bench.harness.bulk import PATIENCE_S, Bodies
from bench.harness.forms import as_msearch, ours
from bench.harness.load import NDJSON, Measured, Target, paced, summary
from bench.harness.report import BenchReport, in_seconds, medians
from bench.harness.turns import calm, in_turns
from bench.harness.visitors import broad_searches, searches
from indexer.lifecycle.generations import index_body
from indexer.lifecycle.segments import merge_segments
from schemas.settings import Settings
from stores.search import opened_search

NARROW, BROAD = "narrow searches", "broad searches"
FILL, REFRESH = "filling", "a change, searchable"
CHANGES_PER_S, CHANGED = 50, 2
"""Refreshes a second, and documents in each: what fifty writes a second look like to the engine."""


@dataclass(frozen=True)
class Variant:
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What differs from our settings of an index; None leaves one out."""
    price: Mapping[str, Any] = field(default_factory=dict)
    """What differs in the mapping of the price; likewise."""
    is_merged: bool = True

    @property
    def index(self) -> str:
        return f"bench_{self.name.replace(' ', '_')}"

    def body(self, settings: Settings) -> dict[str, Any]:
        body = deepcopy(index_body(settings))
        change(body["settings"]["index"], self.settings)
        change(body["mappings"]["properties"]["price"], self.price)
        return body


def change(usual: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Apply changes in place."""
    usual.update(changes)
    for name in [name for name, value in usual.items() if value is None]:
        del usual[name]


OURS = "ours"
BY_TYPE = {
    "sort.field": ["is_active", "listing_type", "property_type", "bhk"],
    "sort.order": ["desc", "asc", "asc", "asc"],
}
VARIANTS = (
    Variant(OURS),
    Variant("not sorted", {"sort.field": None, "sort.order": None}),
    Variant("sorted without the price", BY_TYPE),
    Variant("refreshes wait for merges", {"merge_on_flush.enabled": True}),
    Variant("no request cache", {"requests.cache.enable": False}),
    Variant("compressed for size", {"codec": "best_compression"}),
    Variant("two shards", {"number_of_shards": 2}),
    Variant("price by points", price={"index": None, "skip_list": None}),
    Variant("not merged", is_merged=False),
)


def run(settings: Settings, listings: int, *, seconds: float, rounds: int) -> BenchReport:
    filled = asyncio.run(fill(settings))
    rows = [in_seconds(f"{name}: {FILL}", listings, [took]) for name, took in filled.items()]
    rows += asyncio.run(in_turns(list(targets(settings)), seconds=seconds, rounds=rounds))
    # Last, because it adds small segments to every index.
    rows += asyncio.run(measure_refreshes(settings, seconds, rounds))
    return BenchReport(listings, rows, ratios(rows))


async def fill(settings: Settings) -> dict[str, float]:
    """Make the indexes; return the seconds that each took until all was searchable, by variant.

    The first one is made twice, because the engine compiles its code for it the first time.
    """
    bodies = await Bodies.of_all_listings(settings)
    seconds = {}
    async with opened_search(settings, timeout_s=PATIENCE_S) as search:
        for variant in (VARIANTS[0], *VARIANTS):
            await search.indices.delete(index=variant.index, ignore_unavailable=True)
            await search.indices.create(index=variant.index, body=variant.body(settings))
            await asyncio.to_thread(calm)
            began = time.perf_counter()
            await asyncio.to_thread(bodies.send, settings.opensearch_nodes[0], variant.index)
            await search.indices.refresh(index=variant.index)
            seconds[variant.name] = time.perf_counter() - began
            if variant.is_merged:
                await merge_segments(search, variant.index)
                # A merged segment is searched after a refresh.
                await search.indices.refresh(index=variant.index)
    return seconds


def targets(settings: Settings) -> Iterator[Target]:
    for kind, wanted in ((NARROW, searches), (BROAD, broad_searches)):
        for variant in VARIANTS:
            url = servers.msearch_url(settings, variant.index)
            yield Target(f"{variant.name}: {kind}", url, partial(_faceted, wanted), NDJSON)


def _faceted(wanted: Any, seed: int) -> list[bytes]:
    return as_msearch(ours, wanted(seed))


async def measure_refreshes(settings: Settings, seconds: float, rounds: int) -> list[Measured]:
    """Measure how long a bulk of a few changed documents takes until a search sees them; first, a warm-up."""
    found: dict[str, list[Measured]] = {variant.name: [] for variant in VARIANTS}
    async with opened_search(settings, timeout_s=PATIENCE_S) as search:
        documents = await some_documents(search, settings.index_alias)
        for number in range(1 + rounds):
            for variant in VARIANTS:
                calm()
                changes = renewed(documents, number)
                row = await refreshes(search, variant, changes, seconds)
                if number:
                    found[variant.name].append(row)
    return [medians(rows) for rows in found.values()]


async def some_documents(search: AsyncOpenSearch, alias: str) -> list[dict[str, Any]]:
    answer = await search.search(index=alias, body={"size": 1_000, "version": True})
    return list(answer["hits"]["hits"])


def renewed(documents: Sequence[dict[str, Any]], number: int) -> Iterator[bytes]:
    """Endless bulks with the next few documents; each version is higher than all before."""
    version = 1_000_000_000 * (number + 1)
    while True:
        for first in range(0, len(documents), CHANGED):
            version += 1
            yield b"".join(
                orjson.dumps({"index": {"_id": hit["_id"], "version": version, "version_type": "external"}})
                + b"\n"
                + orjson.dumps(hit["_source"])
                + b"\n"
                for hit in documents[first : first + CHANGED]
            )


async def refreshes(
    search: AsyncOpenSearch, variant: Variant, changes: Iterator[bytes], seconds: float
) -> Measured:
    took, began = [], time.perf_counter()
    async for change in paced(islice(changes, int(seconds * CHANGES_PER_S)), CHANGES_PER_S):
        sent = time.perf_counter()
        answer = await search.bulk(index=variant.index, body=change, params={"refresh": "true"})
        if answer["errors"]:
            raise RuntimeError(str(answer)[:500])
        took.append(time.perf_counter() - sent)
    return summary(f"{variant.name}: {REFRESH}", took, time.perf_counter() - began)


def ratios(rows: Sequence[Measured]) -> dict[str, float]:
    """Return each variant's p50 over ours."""
    usual = {row.name.removeprefix(f"{OURS}: "): row for row in rows if row.name.startswith(f"{OURS}: ")}
    return {
        f"{row.name}, over ours": round(row.p50_ms / usual[row.name.partition(": ")[2]].p50_ms, 2)
        for row in rows
        if row not in usual.values()
    }
