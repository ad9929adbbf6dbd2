"""The product under mixed load: its memory and its file descriptors do not grow.

CI runs enough visits to detect a leak of one descriptor per hundred visits or one kilobyte per visit.
`make soak` runs it for ten minutes (SOAK_S).
"""

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Any

import psutil
import pytest
from aiohttp import ClientSession
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, store, store_user
from tests.journeys.conftest import Product
from tests.server.conftest import Api

SOAK_S = float(os.environ.get("SOAK_S") or 0)
VISITORS, VISITS = 8, 600
WARM_UPS = 3
"""Rounds until everything is loaded, the pools are full and the caches are warm."""
GROWTH, SLACK = 1.10, 8 * 2**20
"""Factor by which a process may grow and still count as stable, and the allocator's noise in bytes."""

pytestmark = [pytest.mark.usefixtures("no_index_after"), pytest.mark.timeout(SOAK_S + 600)]


@dataclass(frozen=True)
class Size:
    """The size of all processes of a command together."""

    memory: int
    descriptors: int
    threads: int


def size_of(process: psutil.Process) -> Size:
    family = [process, *process.children(recursive=True)]
    return Size(
        sum(member.memory_info().rss for member in family),
        sum(member.num_fds() for member in family),
        sum(member.num_threads() for member in family),
    )


async def visit(api: Api, key: Any, number: int) -> int:
    """Make one of several kinds of requests in turn; return its status."""
    where = {"lat": 28.58, "lon": 77.36, "km": 3 + number % 5}
    box = {"south": 28.4, "west": 77.2, "north": 28.7, "east": 77.6}
    turns = (
        lambda: api.post("/api/v1/search/guided", {"bhk": 1 + number % 4}),
        lambda: api.post("/api/v1/search/listings", {"q": f"{number % 5} bhk under {number % 90 + 10} lakh"}),
        lambda: api.post("/api/v1/search/map", {"zoom": 10 + number % 5, "geo": {"box": box}}),
        lambda: api.get("/api/v1/search/suggest", q="sector 6"[: 2 + number % 7]),
        lambda: api.get(f"/api/v1/properties/{key}"),
        lambda: api.get(f"/api/v1/properties/{key}/similar"),
        lambda: api.post("/api/v1/search/listings", {"geo": {"radius": where}, "page": 0}),
        lambda: api.get("/api/v1/properties/nothing"),
        lambda: api.get("/api/v1/admin/properties", state="active"),
        lambda: api.get("/api/v1/localities"),
    )
    return (await turns[number % len(turns)]()).status


async def test_memory_and_descriptors_stay_what_they_are(
    product: Product, engine: AsyncEngine, settings: Settings
):
    product.environment["JWT_SECRET"] = settings.jwt_secret.get_secret_value()
    keys = await store(engine, *(home(f"Home {number}", price=4_000_000 + number) for number in range(50)))
    await product.run("indexer.cli", "reindex")
    programs = {"api": await product.serve(), "indexer": product.start("indexer.cli", "run")}
    processes = {name: psutil.Process(program.pid) for name, program in programs.items()}
    statuses: Counter[int] = Counter()
    numbers = count()
    admin_id = await store_user(engine)
    async with ClientSession() as visitor:
        api = Api(product.url, visitor).signed_in(admin_id, settings)

        async def visits() -> None:
            for _ in range(VISITS // VISITORS):
                number = next(numbers)
                statuses[await visit(api, keys[number % len(keys)], number)] += 1

        async def round_of_visits() -> dict[str, Size]:
            await asyncio.gather(*(visits() for _ in range(VISITORS)))
            return {name: size_of(process) for name, process in processes.items()}

        for _ in range(WARM_UPS):
            await round_of_visits()
        sizes = [await round_of_visits() for _ in range(3)]
        began = time.monotonic()
        while time.monotonic() < began + SOAK_S:
            sizes.append(await round_of_visits())
        sizes += [await round_of_visits() for _ in range(3)]
    assert set(statuses) == {200, 404, 422}
    for name in programs:
        first, last = ([round_[name] for round_ in part] for part in (sizes[:3], sizes[-3:]))
        memory = [median(size.memory for size in part) for part in (first, last)]
        assert memory[1] <= memory[0] * GROWTH + SLACK, (name, memory)
        assert median(size.descriptors for size in last) <= max(size.descriptors for size in first) + 3, name
        assert median(size.threads for size in last) <= max(size.threads for size in first) + 1, name
    assert [await program.stop() for program in programs.values()] == [0, 0]
