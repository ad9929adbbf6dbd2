"""Faceted search, the map, suggestions and cached answers, compared with the engine and other queries."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import orjson

from bench.harness import servers
from bench.harness.forms import FORMS, as_msearch, ours
from bench.harness.load import NDJSON, Measured, Target
from bench.harness.report import BenchReport
from bench.harness.turns import in_turns
from bench.harness.visitors import searches, thin_searches, viewports, words
from schemas.settings import Settings

HITS, FACETED = "API: hits only", "API: faceted, six facets and histogram"
BARE = "bare Sanic handler, same _msearch"
MAP, SUGGEST = "API: map", "API: suggest"
THIN, THIN_PLAIN = "API: thin search, with suggestions", "API: thin search, without suggestions"
CACHED, HELLO = "API: faceted, kept answer", "API: hello world"
BARE_KEPT = "bare Sanic handler, kept answer"
HITS_ALONE, OURS, ONE_REQUEST, *_OTHERS = FORMS
FIND = "/api/v1/search/listings"
POPULAR = 20
"""Number of searches that all clients repeat; their answers are cached after the first time."""


def run(stores: Settings, listings: int, peer: Path | None, *, seconds: float, rounds: int) -> BenchReport:
    with targets(stores) as busy, engine_targets(stores) as alone:
        rows = asyncio.run(in_turns(busy, seconds=seconds, rounds=rounds))
        rows += asyncio.run(in_turns(alone, seconds=seconds, rounds=rounds, connections=1))
    beside = [] if peer is None else forms_of(peer, stores)
    return BenchReport(listings, [*rows, *beside], ratios(rows))


PEER_LINE = re.compile(r"(\w+) +p50 ([\d.]+) p95 ([\d.]+) p99 ([\d.]+) mean ([\d.]+)")


def forms_of(peer: Path, settings: Settings) -> list[Measured]:
    """Run another design's queries on the same index: its program prints one line of figures for each."""
    told = subprocess.run(
        [sys.executable, peer, settings.index_alias],
        env=os.environ | {"OPENSEARCH_URL": settings.opensearch_url},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found = {
        line[1]: Measured(
            f"peer: {line[1]}",
            p50_ms=float(line[2]),
            p95_ms=float(line[3]),
            p99_ms=float(line[4]),
            per_second=round(1000 / float(line[5]), 1),
        )
        for line in PEER_LINE.finditer(told.stdout)
    }
    return list(found.values())


@contextmanager
def targets(settings: Settings) -> Iterator[list[Target]]:
    """Start the servers and yield their targets, to be measured with eight connections."""
    with ExitStack() as stack:
        asking = settings.model_copy(update={"search_cache": False})
        url, _ = stack.enter_context(servers.api(asking))
        keeping, _ = stack.enter_context(servers.api(settings))
        bare = stack.enter_context(servers.bare(settings))
        yield [
            hits_only_at(url),
            faceted_at(url),
            Target(BARE, f"{bare}/msearch", lambda seed: as_msearch(ours, searches(seed)), NDJSON),
            map_at(url),
            suggest_at(url),
            thin_at(url, THIN, suggest=True),
            thin_at(url, THIN_PLAIN, suggest=False),
            popular_at(keeping),
            Target(BARE_KEPT, f"{bare}/kept", popular_bodies, NDJSON),
            Target(HELLO, f"{keeping}/livez", lambda _seed: [b""], method="GET"),
        ]


def hits_only_at(url: str) -> Target:
    return Target(HITS, url + FIND, partial(as_json, facets=[], histogram=False))


def faceted_at(url: str) -> Target:
    return Target(FACETED, url + FIND, as_json)


def map_at(url: str) -> Target:
    return Target(MAP, f"{url}/api/v1/search/map", lambda seed: [orjson.dumps(m) for m in viewports(seed)])


def suggest_at(url: str) -> Target:
    return Target(SUGGEST, f"{url}/api/v1/search/suggest", as_query, method="GET")


def thin_at(url: str, name: str, *, suggest: bool) -> Target:
    def bodies(seed: int) -> list[bytes]:
        return [orjson.dumps(search | {"suggest": suggest}) for search in thin_searches(seed)]

    return Target(name, url + FIND, bodies)


def popular_at(url: str) -> Target:
    """Return the same few searches again and again, which a caching API answers from its cache."""
    return Target(CACHED, url + FIND, lambda _seed: as_json(0)[:POPULAR])


def popular_bodies(_seed: int) -> list[bytes]:
    return as_msearch(ours, searches(0)[:POPULAR])


@contextmanager
def engine_targets(settings: Settings) -> Iterator[list[Target]]:
    """Yield the query forms as targets, to be measured with one connection, so that nothing queues."""
    url = servers.msearch_url(settings, settings.index_alias)
    yield [Target(name, url, partial(form_bodies, name), NDJSON) for name in FORMS]


def form_bodies(name: str, seed: int) -> list[bytes]:
    return as_msearch(FORMS[name], searches(seed))


def as_json(seed: int, **more: object) -> list[bytes]:
    return [orjson.dumps(search | {"suggest": False} | more) for search in searches(seed)]


def as_query(seed: int) -> list[bytes]:
    return [urlencode({"q": typed}).encode() for typed in words(seed)]


def ratios(rows: Sequence[Measured]) -> dict[str, float]:
    row = {found.name: found for found in rows}
    return {
        "faceted_over_hits_p50": round(row[OURS].p50_ms / row[HITS_ALONE].p50_ms, 2),
        "one_request_over_faceted_p50": round(row[ONE_REQUEST].p50_ms / row[OURS].p50_ms, 2),
        "faceted_over_hits_throughput": round(row[FACETED].per_second / row[HITS].per_second, 2),
        "api_over_bare": round(row[FACETED].per_second / row[BARE].per_second, 2),
        "cached_over_hello": round(row[CACHED].per_second / row[HELLO].per_second, 2),
        "cached_over_bare_cached": round(row[CACHED].per_second / row[BARE_KEPT].per_second, 2),
        "thin_over_plain_p50": round(row[THIN].p50_ms / row[THIN_PLAIN].p50_ms, 2),
        "suggest_p95_over_hits_p95": round(row[SUGGEST].p95_ms / row[HITS].p95_ms, 2),
    }
