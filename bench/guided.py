"""Guided search with all its counts, compared with OpenSearch alone, a bare handler and another design."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil

from bench.harness import servers
from bench.harness.load import NDJSON, Measured, Target
from bench.harness.report import BenchReport
from bench.harness.turns import in_turns
from bench.harness.visitors import as_json, as_msearch
from schemas.settings import Settings

API = "guided search, all counts"
API_ALONE = "guided search, counts left out"
BARE = "bare Sanic handler, same _msearch"
PASSING = "bare Sanic proxy, answer unread"
ENGINE = "OpenSearch alone, same _msearch"
PEER = "the seed design, no counts"

LARGEST_WORKER_MB = 150.0


def run(stores: Settings, listings: int, peer: Path | None, *, seconds: float, rounds: int) -> BenchReport:
    settings = stores.model_copy(update={"search_cache": False})  # every request reaches the engine
    with targets(settings, peer) as (asked, process):
        rows = asyncio.run(in_turns(asked, seconds=seconds, rounds=rounds))
        worker_mb = servers.worker_mb(process)
    return BenchReport(listings, rows, ratios(rows, worker_mb))


@contextmanager
def targets(settings: Settings, peer: Path | None) -> Iterator[tuple[list[Target], psutil.Process]]:
    engine = servers.msearch_url(settings, settings.index_alias)
    with ExitStack() as stack:
        url, process = stack.enter_context(servers.api(settings))
        bare = stack.enter_context(servers.bare(settings))
        guided = f"{url}/api/v1/search/guided"
        asked = [
            guided_at(url),
            Target(API_ALONE, guided, partial(as_json, counts=False, suggest=False)),
            Target(BARE, f"{bare}/msearch", as_msearch, NDJSON),
            Target(PASSING, f"{bare}/pass", as_msearch, NDJSON),
            Target(ENGINE, engine, as_msearch, NDJSON),
        ]
        if peer is not None:
            other = stack.enter_context(servers.peer(settings, peer))
            asked.append(Target(PEER, f"{other}/api/v1/search/guided", as_json))
        yield asked, process


def guided_at(url: str) -> Target:
    return Target(API, f"{url}/api/v1/search/guided", partial(as_json, suggest=False))


def ratios(rows: Sequence[Measured], worker_mb: float) -> dict[str, float]:
    """Return the ratios of throughputs, and of a worker's memory to its limit."""
    speed = {row.name: row.per_second for row in rows}
    against = {
        "api_over_bare": (API, BARE),
        "api_over_proxy": (API, PASSING),
        "api_over_engine": (API, ENGINE),
        "api_over_peer": (API, PEER),
        "api_without_counts_over_peer": (API_ALONE, PEER),
    }
    found = {
        name: round(speed[ours] / speed[theirs], 3)
        for name, (ours, theirs) in against.items()
        if theirs in speed
    }
    return found | {"worker_memory_over_150_mb": round(worker_mb / LARGEST_WORKER_MB, 3)}
