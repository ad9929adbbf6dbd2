"""The market comparison: one listing through the API, and the pass over all of them."""

import asyncio
import random
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import median

from sqlalchemy import text

from bench.harness import servers
from bench.harness.load import Measured, Target
from bench.harness.report import BenchReport
from bench.harness.turns import in_turns
from bench.search import as_json
from schemas.settings import Settings
from stores.database import opened_database
from tasks.market import compare_prices

COMPARISON, HITS = "API: one listing against its market", "API: search, hits only"
WHOLE = "pass over all listings, hardly any news"
LONGEST_S, LARGEST_MB = 30.0, 1_500.0
SOME_KEYS = text("SELECT id::text FROM properties WHERE is_active ORDER BY hashtext(id::text) LIMIT 2000")


def run(stores: Settings, listings: int, *, seconds: float, rounds: int) -> BenchReport:
    settings = stores.model_copy(update={"search_cache": False})
    passes = [one_pass(settings) for _ in range(rounds)]
    keys = asyncio.run(some_listings(settings))
    with servers.api(settings) as (url, _):
        asked = [
            Target(COMPARISON, f"{url}/api/v1/properties", partial(as_paths, keys), method="GET"),
            Target(HITS, f"{url}/api/v1/search/listings", partial(as_json, facets=[], histogram=False)),
        ]
        rows = asyncio.run(in_turns(asked, seconds=seconds, rounds=rounds, connections=1))
    took = [seconds for seconds, _ in passes]
    middle, slowest = median(took), max(took)
    rows.append(Measured(WHOLE, middle * 1000, slowest * 1000, slowest * 1000, round(listings / middle, 1)))
    return BenchReport(listings, rows, ratios(rows, middle, max(size for _, size in passes)))


async def some_listings(settings: Settings) -> list[str]:
    async with opened_database(settings) as engine, engine.connect() as connection:
        return list((await connection.execute(SOME_KEYS)).scalars())


def as_paths(keys: list[str], seed: int) -> list[bytes]:
    order = random.Random(seed).sample(keys, len(keys))
    return [f"/{key}/market".encode() for key in order]


def one_pass(settings: Settings) -> tuple[float, float]:
    """Run one pass in a separate process; return its seconds and its peak memory in MB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_pass_here, settings).result()


def _pass_here(settings: Settings) -> tuple[float, float]:
    began = time.perf_counter()
    asyncio.run(_compare(settings))
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _compare(settings: Settings) -> None:
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        await compare_prices(engine)


def ratios(rows: list[Measured], pass_s: float, pass_mb: float) -> dict[str, float]:
    p50 = {row.name: row.p50_ms for row in rows}
    return {
        "comparison_over_hits_p50": round(p50[COMPARISON] / p50[HITS], 2),
        "pass_over_30_s": round(pass_s / LONGEST_S, 2),
        "pass_over_1500_mb": round(pass_mb / LARGEST_MB, 2),
    }
