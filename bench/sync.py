"""A reindex compared with a raw bulk of the same bytes, the lag of changes in searches, and verification."""

import asyncio
import http.client
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
from statistics import median
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import urlsplit

import orjson
from opensearchpy import AsyncOpenSearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.harness import servers
from bench.harness.catalogue import filled
from bench.harness.load import Measured, Target, measure, summary
from bench.harness.report import BenchReport, medians
from bench.harness.turns import calm
from bench.harness.visitors import as_json
from indexer.changes.bulk import pack
from indexer.changes.documents import read_page
from indexer.lifecycle.generations import index_body
from indexer.verification.verify import verify
from schemas.settings import Settings
from stores.database import opened_database
from stores.search import opened_search

SMALLER = 100_000  # listings; the memory of a larger reindex is compared with that of this many
THREADS = 2
WRITES_PER_S = 50
PAGE = 2_000
LOOK_S = 0.005  # seconds between polls for searchable changes
PATIENCE_S = 60

REINDEX, RAW = "reindex", "raw bulk of the same bytes, two threads"
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
        in_seconds(RAW, listings, bulks),
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
        "lag_p50_ms": by_name[LAG].p50_ms,
        "lag_p99_ms": by_name[LAG].p99_ms,
        "verify_s": round(by_name[VERIFY].p50_ms / 1000, 3),
        "search_p95_reindex_over_idle": round(by_name[BUSY].p95_ms / by_name[IDLE].p95_ms, 3),
    }


def in_seconds(name: str, listings: int, seconds: Sequence[float]) -> Measured:
    """Summarize a few rounds: only the median and the slowest are meaningful; p95 and p99 are the slowest."""
    middle, slowest = median(seconds), round(max(seconds) * 1000, 1)
    return Measured(name, round(middle * 1000, 1), slowest, slowest, round(listings / middle, 1))


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


def in_turns(settings: Settings, rounds: int) -> tuple[list[Reindexed], list[float]]:
    """Run raw bulks and reindexes of the same documents alternately."""
    builds, bulks = [], []
    with TemporaryFile() as file:
        lengths = asyncio.run(write_bodies(settings, file))
        for number in range(rounds):
            calm()
            bulks.append(asyncio.run(raw_bulk(settings, file, lengths, f"bench_raw_{number}")))
            calm()
            builds.append(reindexed(settings))
    return builds, bulks


async def write_bodies(settings: Settings, file: IO[bytes]) -> list[int]:
    """Write the request bodies that a reindex sends to a file; return the length of each."""
    after, lengths = None, []
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        while True:
            async with engine.connect() as connection:
                page = await read_page(connection, after=after, until=None, limit=PAGE)
            if not page.rows:
                break
            lengths += [file.write(body.data) for body in pack(page.documents)]
            after = page.last_id
    file.flush()
    return lengths


async def raw_bulk(settings: Settings, file: IO[bytes], lengths: Sequence[int], index: str) -> float:
    """Send the bodies with two threads; return the seconds until they are searchable."""
    async with opened_search(settings, timeout_s=PATIENCE_S) as search:
        await search.indices.create(index=index, body=index_body(settings))
        places = list(zip(offsets(lengths), lengths, strict=True))
        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            shares = [places[number::THREADS] for number in range(THREADS)]
            list(pool.map(partial(send_all, settings.opensearch_url, index, file.fileno()), shares))
        await search.indices.refresh(index=index)
        seconds = time.perf_counter() - began
        await search.indices.delete(index=index)
    return seconds


def offsets(lengths: Sequence[int]) -> Iterator[int]:
    start = 0
    for length in lengths:
        yield start
        start += length


def send_all(url: str, index: str, descriptor: int, places: Sequence[tuple[int, int]]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    for start, length in places:
        body = os.pread(descriptor, length, start)
        path = f"/{index}/_bulk?filter_path=errors"
        connection.request("POST", path, body, {"content-type": "application/x-ndjson"})
        answer = connection.getresponse().read()
        if answer != b'{"errors":false}':
            raise RuntimeError(answer[:500].decode())
    connection.close()


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
    rng, began = random.Random(seed), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, property_id in enumerate(rng.sample(ids, int(seconds * WRITES_PER_S))):
            await asyncio.sleep(max(0.0, began + number / WRITES_PER_S - time.perf_counter()))
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
