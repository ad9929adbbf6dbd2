"""A reindex compared with a raw bulk of the same bytes, the lag of changes in searches, and verification."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import orjson
from opensearchpy import AsyncOpenSearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.harness import servers
from bench.harness.bulk import PATIENCE_S, Bodies
from bench.harness.catalogue import filled
from bench.harness.load import Measured, Target, measure, paced, summary
from bench.harness.report import BenchReport, in_seconds, medians
from bench.harness.turns import calm
from bench.harness.visitors import as_json
from indexer.lifecycle.generations import index_body
from indexer.lifecycle.segments import merge_segments
from indexer.verification.verify import verify
from schemas.settings import Settings
from stores.database import opened_database
from stores.search import opened_search

SMALLER = 100_000  # listings; the memory of a larger reindex is compared with that of this many
WRITES_PER_S = 50
LOOK_S = 0.005  # seconds between polls for searchable changes

REINDEX, RAW = "reindex", "raw bulk of the same bytes, two threads"
MERGED = "raw bulk, then merged into one segment"
LAG, VERIFY = "commit to searchable, 50 writes a second", "verify"
IDLE, BUSY = "guided search, idle", "guided search, during a reindex"


@dataclass(frozen=True)
class Reindexed:
    seconds: float
    rss_mb: float


def run(stores: Settings, listings: int, *, rounds: int, seconds: float) -> BenchReport:
    settings = stores.model_copy(update={"search_cache": False})
    with nullcontext(stores) if listings <= SMALLER else filled(SMALLER, apart=True) as small:
        smaller = [reindexed(small) for _ in range(2)]
    builds, bulks = in_turns(settings, rounds)
    lag = asyncio.run(measure_lag(settings, seconds, rounds))
    checks = asyncio.run(measure_verify(settings, rounds))
    idle, busy = measure_search(settings, seconds)
    rows = [
        in_seconds(REINDEX, listings, [build.seconds for build in builds]),
        in_seconds(RAW, listings, [bulk.filled_s for bulk in bulks]),
        in_seconds(MERGED, listings, [bulk.merged_s for bulk in bulks]),
        lag,
        in_seconds(VERIFY, listings, checks),
        idle,
        busy,
    ]
    memory = max(build.rss_mb for build in builds) / max(build.rss_mb for build in smaller)
    return BenchReport(listings, rows, ratios(rows) | {"rss_over_100k": round(memory, 3)})


def ratios(rows: Sequence[Measured]) -> dict[str, float]:
    by_name = {row.name: row for row in rows}
    return {
        "reindex_over_raw_bulk": round(by_name[REINDEX].per_second / by_name[RAW].per_second, 3),
        "reindex_over_merged_bulk": round(by_name[REINDEX].per_second / by_name[MERGED].per_second, 3),
        "lag_p50_ms": by_name[LAG].p50_ms,
        "lag_p99_ms": by_name[LAG].p99_ms,
        "verify_s": round(by_name[VERIFY].p50_ms / 1000, 3),
        "search_p95_reindex_over_idle": round(by_name[BUSY].p95_ms / by_name[IDLE].p95_ms, 3),
    }


def command(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "indexer.cli", *arguments],
        env=os.environ | servers.environment(settings, 0),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def reindexed(settings: Settings) -> Reindexed:
    """Run the reindex command; return the seconds it reports and the peak memory of its process."""
    process = command(settings, "reindex", "--json")
    assert process.stdout is not None
    peak_mb = 0.0
    while process.poll() is None:
        peak_mb = max(peak_mb, peak_memory_mb(process.pid))
        time.sleep(0.05)
    facts = orjson.loads(process.stdout.read())
    if process.returncode:
        raise RuntimeError(f"the reindex failed: {facts}")
    return Reindexed(facts["seconds"], peak_mb)


def peak_memory_mb(pid: int) -> float:
    """Return the peak resident memory of a process, as Linux keeps it; 0 once it has ended.

    `getrusage` is no measure here: a child begins with the peak of the process that started it.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return 0.0


@dataclass(frozen=True)
class RawBulk:
    """Seconds from the start until everything was searchable, and until it also lay in one segment."""

    filled_s: float
    merged_s: float


def in_turns(settings: Settings, rounds: int) -> tuple[list[Reindexed], list[RawBulk]]:
    """Run raw bulks and reindexes of the same documents alternately."""
    builds, bulks = [], []
    bodies = asyncio.run(Bodies.of_all_listings(settings))
    for number in range(rounds):
        calm()
        bulks.append(asyncio.run(raw_bulk(settings, bodies, f"bench_raw_{number}")))
        calm()
        builds.append(reindexed(settings))
    return builds, bulks


async def raw_bulk(settings: Settings, bodies: Bodies, index: str) -> RawBulk:
    """Send the bodies, then merge the index as a reindex does."""
    async with opened_search(settings, timeout_s=PATIENCE_S) as search:
        await search.indices.create(index=index, body=index_body(settings))
        began = time.perf_counter()
        bodies.send(settings.opensearch_nodes[0], index)
        await search.indices.refresh(index=index)
        filled = time.perf_counter()
        await merge_segments(search, index)
        await search.indices.refresh(index=index)
        merged = time.perf_counter()
        await search.indices.delete(index=index)
    return RawBulk(filled - began, merged - began)


async def measure_lag(settings: Settings, seconds: float, rounds: int) -> Measured:
    """Measure the time from the commit of each change until a search shows it, with one `indexer run`.

    The first round only warms up: the engine compiles its code for small batches while it runs.
    """
    calm()
    # A large pool, so that a short stall of the machine delays writes instead of failing them.
    roomy = settings.model_copy(update={"database_pool_size": WRITES_PER_S})
    async with (
        opened_database(roomy) as engine,
        opened_search(settings, timeout_s=PATIENCE_S) as search,
    ):
        with running_indexer(settings):
            lags = [
                await write_and_wait(engine, search, settings.index_alias, seconds, seed=number)
                for number in range(1 + rounds)
            ]
    return medians([summary(LAG, lag, len(lag) / WRITES_PER_S) for lag in lags[1:]])


@contextmanager
def running_indexer(settings: Settings) -> Iterator[None]:
    process = command(settings, "run")
    try:
        yield
    finally:
        process.terminate()
        process.communicate()


@dataclass(frozen=True)
class Written:
    property_id: str
    revision: int
    at: float


async def write_and_wait(
    engine: AsyncEngine, search: AsyncOpenSearch, alias: str, seconds: float, *, seed: int
) -> list[float]:
    """Change random listings for some seconds; return the seconds until each change was searchable."""
    waiting: dict[str, Written] = {}
    done = asyncio.Event()
    looking = asyncio.create_task(look(search, alias, waiting, done))
    async with engine.connect() as connection:
        ids = (
            await connection.scalars(text("SELECT id::text FROM properties ORDER BY id LIMIT 50000"))
        ).all()
    changed = random.Random(seed).sample(ids, int(seconds * WRITES_PER_S))
    async with asyncio.TaskGroup() as group:
        async for property_id in paced(changed, WRITES_PER_S):
            group.create_task(write(engine, property_id, waiting))
    done.set()
    return await looking


async def write(engine: AsyncEngine, property_id: str, waiting: dict[str, Written]) -> None:
    statement = "UPDATE properties SET price = price + 1 WHERE id = CAST(:id AS uuid) RETURNING revision"
    async with engine.begin() as connection:
        revision = await connection.scalar(text(statement), {"id": property_id})
    waiting[property_id] = Written(property_id, int(revision), time.perf_counter())


async def look(
    search: AsyncOpenSearch, alias: str, waiting: dict[str, Written], done: asyncio.Event
) -> list[float]:
    """Poll all waiting changes with one search until all are found."""
    found: list[float] = []
    while waiting or not done.is_set():
        await asyncio.sleep(LOOK_S)
        if not waiting:
            continue
        body = {"query": {"ids": {"values": list(waiting)}}, "version": True, "_source": False, "size": 1_000}
        answer = await search.search(index=alias, body=body)
        now = time.perf_counter()
        shown = {hit["_id"]: hit["_version"] for hit in answer["hits"]["hits"]}
        over = [name for name, revision in shown.items() if revision >= waiting[name].revision]
        found += [now - waiting.pop(name).at for name in over]
    return found


async def measure_verify(settings: Settings, rounds: int) -> list[float]:
    seconds = []
    async with (
        opened_database(settings, statement_timeout_ms=0) as engine,
        opened_search(settings, timeout_s=PATIENCE_S) as search,
    ):
        (index,) = await search.indices.get_alias(name=settings.index_alias)
        for _ in range(rounds):
            began = time.perf_counter()
            verified = await verify(engine, search, alias=settings.index_alias, index=index)
            seconds.append(time.perf_counter() - began)
            if verified.drift:
                raise RuntimeError(f"the index is not up to date: {verified.drift}")
    return seconds


def measure_search(settings: Settings, seconds: float) -> tuple[Measured, Measured]:
    """Measure guided searches on one connection, first alone, then during a reindex."""
    with servers.api(settings) as (url, _):
        seeds = count(1)

        def ask(name: str, lasting: float) -> Measured:
            target = Target(name, f"{url}/api/v1/search/guided", partial(as_json, suggest=False))
            return asyncio.run(measure(target, seed=next(seeds), seconds=lasting, connections=1))

        ask(IDLE, 2.0)
        calm()
        idle = ask(IDLE, seconds)
        return idle, while_reindexing(settings, partial(ask, BUSY, seconds))


def while_reindexing(settings: Settings, ask: Callable[[], Measured]) -> Measured:
    """Measure while reindexes run one after another."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not asked.done():
            reindexed(settings)
        return asked.result()
