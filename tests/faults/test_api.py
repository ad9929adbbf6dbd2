"""The API keeps its acknowledged writes if it is killed, or loses its database, cache or engine."""

import asyncio
import random
import signal
from collections import Counter
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from schemas.tables import Inquiry
from stores.cache import open_cache
from tests.conftest import PATIENCE
from tests.factories import home, store, store_user
from tests.faults.harness.portal import Portal, open_portal, signed_in
from tests.faults.harness.proxy import BlackHole, Refuse
from tests.faults.harness.world import World

INQUIRIES = "/api/v1/inquiries"
PROPERTIES = "/api/v1/admin/properties"
GUIDED = "/api/v1/search/guided"
AT_ONCE = 25
"""Concurrent clients; more would only wait for each other."""


def addressed(number: int) -> str:
    """Return a distinct client address, because a network may send only five inquiries an hour."""
    return f"203.{number // 65_536}.{number // 256 % 256}.{number % 256}"


async def inquire(portal: Portal, listing: UUID, number: int) -> tuple[str, UUID]:
    """Send one inquiry until it is acknowledged; return its phone and the lead's id from the receipt."""
    phone = f"+9198{number:08}"
    form = {
        "property_id": str(listing),
        "full_name": f"Visitor {number}",
        "phone": phone,
        "consent": True,
        "consent_text_version": "2026-01",
    }
    headers = {"idempotency-key": uuid4().hex, "x-forwarded-for": addressed(number)}
    status, receipt, _ = await portal.ask_until_answered("POST", INQUIRIES, form, headers)
    assert status == 201, receipt
    again = await portal.ask_until_answered("POST", INQUIRIES, form, headers)
    assert again[:2] == (201, receipt)
    return phone, UUID(receipt["id"])


async def reprice(world: World, portal: Portal, admin: dict[str, str], listing: UUID, price: int) -> None:
    """Change one price until it is acknowledged, or a read shows that only the answer was lost."""
    path = f"{PROPERTIES}/{listing}"
    while True:
        status, row, headers = await portal.ask_until_answered("GET", path, headers=admin)
        assert status == 200, row
        if row["price"] != price:
            edit = {**admin, "if-match": headers["etag"]}
            status, row, _ = await portal.ask("PATCH", path, {"price": price}, edit)
        if status == 200:
            assert row["price"] == price
            world.log.add("reprice", listing, row["revision"], {"price": price})
            return
        assert status in {0, 412, 503}, row
        await asyncio.sleep(0.1)


async def leads(world: World) -> list[tuple[str, UUID]]:
    async with world.engine.connect() as connection:
        rows = await connection.execute(select(Inquiry.phone, Inquiry.id))
        return [(row.phone, row.id) for row in rows]


@pytest.mark.parametrize("commits", [150, pytest.param(40, marks=pytest.mark.faults)])
async def test_killed_between_commit_and_answer_every_acknowledgement_holds(
    served: World, seed: int, tmp_path, commits: int
):
    """The API crashes after every `commits` commits; 240 clients retry until they are answered."""
    listings = await store(served.engine, *(home(f"Home {number}") for number in range(120)))
    admin = signed_in(served.settings, await store_user(served.engine))
    served.indexer()
    environment = {**served.commands.environment, "CRASH_AT": f"after-commit:{commits}"}
    async with open_portal(environment, tmp_path) as portal:
        turns = asyncio.Semaphore(AT_ONCE)

        async def write(number: int) -> tuple[str, UUID] | None:
            listing = listings[number // 2]
            async with turns:
                if number % 2:
                    return await inquire(portal, listing, number)
                return await reprice(served, portal, admin, listing, 5_000_000 + seed * 1_000 + number)

        numbers = random.Random(seed).sample(range(240), 240)
        receipts = [receipt for receipt in await asyncio.gather(*map(write, numbers)) if receipt]
        lives = portal.log.read_text().count("worker_ended") + 1
    assert lives > 1
    assert Counter(await leads(served)) == Counter(receipts)
    assert len(served.log.latest) == 120
    assert set(portal.statuses) <= {0, 200, 201, 412, 503}
    await served.converges()


async def test_postgres_restarted_at_once_under_load_costs_only_moments(served: World, seed: int, tmp_path):
    """Clients get only success or 503; writers, indexer and listener reconnect by themselves."""
    [listing] = await store(served.engine, home("Pictured"))
    indexer = served.indexer()
    is_over = asyncio.Event()
    writers = [served.writer(seed * 1_000 + number) for number in range(3)]
    async with open_portal(served.commands.environment, tmp_path) as portal:
        work = [
            *(writer.write_at(0.05, until=is_over.is_set) for writer in writers),
            *(look(portal, path, is_over) for path in (f"/api/v1/properties/{listing}", GUIDED) * 2),
        ]
        tasks = [asyncio.create_task(task) for task in work]
        await asyncio.sleep(1)
        await served.servers.postgres.restart(signal.SIGQUIT)
        await asyncio.sleep(2)
        is_over.set()
        await asyncio.gather(*tasks)
        assert (await portal.ask("GET", f"/api/v1/properties/{listing}"))[0] == 200
    assert set(portal.statuses) <= {200, 503}
    assert not indexer.has_ended
    await served.converges(within_s=10)


async def look(portal: Portal, path: str, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        await portal.ask("GET", path)
        await asyncio.sleep(0.02)


async def test_whatever_becomes_of_redis_searches_are_answered_and_never_with_the_past(
    served: World, tmp_path
):
    served.indexer()
    async with open_portal(served.commands.environment, tmp_path) as portal:
        for number, fault in enumerate((Refuse(), BlackHole(), None)):
            before = 3 * number
            await store(served.engine, home(f"Home {before}"))
            await shows(portal, before + 1)
            await portal.ask("GET", GUIDED)  # the answer is now cached
            await (served.proxies.redis.fail(fault) if fault else flush(served))
            await store(served.engine, home(f"Home {before + 1}"))
            await shows(portal, before + 2)
            assert [(await portal.ask("GET", GUIDED))[1]["total"] for _ in range(3)] == [before + 2] * 3
            await served.proxies.redis.heal()
            await store(served.engine, home(f"Home {before + 2}"))
            await shows(portal, before + 3)
    assert set(portal.statuses) == {200}
    await served.converges()


async def shows(portal: Portal, total: int, *, seconds: float = 60) -> None:
    async def does() -> bool:
        status, answer, _ = await portal.ask("GET", GUIDED)
        assert status == 200, (answer, portal.said)
        return answer["total"] == total

    await portal.process.until(does, f"a search finds {total}", seconds=seconds)


async def flush(world: World) -> None:
    cache = open_cache(world.settings, patience_s=10)
    await cache.flushall()
    await cache.aclose()


async def test_with_the_engine_away_under_load_only_searches_are_refused(served: World, seed: int, tmp_path):
    """Pages, inquiries and edits still work; searches answer 503 with Retry-After during the outage."""
    [listing] = await store(served.engine, home("Pictured"))
    admin = signed_in(served.settings, await store_user(served.engine))
    served.indexer()
    await served.converges()
    page, ready = f"/api/v1/properties/{listing}", asyncio.Event()
    seen: dict[str, Counter[int]] = {}

    async def keep_asking(portal: Portal, path: str, body: object = None) -> None:
        statuses = seen.setdefault(path, Counter())
        while not ready.is_set():
            status, answer, headers = await portal.ask("POST" if body else "GET", path, body)
            statuses[status] += 1
            if status == 503:
                assert (answer["code"], headers["retry-after"]) == ("search_unavailable", "5")

    # Patient with the other stores, which may be slow; a refused connection is noticed at once.
    uncached = {**served.commands.environment, **PATIENCE, "SEARCH_CACHE": "false"}
    async with open_portal(uncached, tmp_path) as portal, asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(keep_asking(portal, page))
            group.create_task(keep_asking(portal, GUIDED))
            group.create_task(keep_asking(portal, "/api/v1/search/listings", {"page_size": 3}))
        async with served.proxies.opensearch.failing(Refuse()):
            for number in range(3):
                await inquire(portal, listing, number)
                await reprice(served, portal, admin, listing, 7_000_000 + seed + number)
            assert (await portal.ask("GET", "/livez"))[0] == 200
            status, answer, _ = await portal.ask("GET", "/readyz")
            assert (status, answer["degraded"]) == (200, ["opensearch"])
        await portal.ask_until_answered("GET", GUIDED)
        ready.set()
    assert set(seen[page]) == {200}
    assert all(set(statuses) == {200, 503} for path, statuses in seen.items() if path != page)
    await served.converges()
