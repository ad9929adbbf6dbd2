"""Personal data sent to the API is stored where it belongs and nowhere else.

A real server process gets marked data at every endpoint that accepts some. Then the test searches its log,
its error answers, Redis, the index and the audit for the marks.
"""

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.harness.servers import environment
from schemas.settings import Settings
from schemas.tables import Property
from tests.factories import home, store, store_user
from tests.ports import kept_port
from tests.processes import Processes
from tests.server.conftest import Answer, Api, Catalogue

INQUIRIES, LEADS = "/api/v1/inquiries", "/api/v1/admin/inquiries"
PASSWORD = "canary-Passw0rd-7731"
MARKS = ("9777700123", "97777 00123", "canary.bird", "canarya", "birdsong", "passw0rd-7731", "nightingale")
"""In lower case: phone, email, name, message, password, note."""


@dataclass(frozen=True)
class Server:
    """The API as its own process, with its log in a file."""

    api: Api
    log: Path


@pytest.fixture
async def server(settings: Settings, catalogue: Catalogue, processes: Processes) -> AsyncIterator[Server]:
    command = [sys.executable, "-m", "server.cli", "serve"]
    with kept_port() as port:
        variables = environment(settings, port) | {"LOG_LEVEL": "DEBUG", "DATABASE_LOCK_TIMEOUT_S": "2"}
        program = processes.start(*command, environment=os.environ | variables)
        async with ClientSession() as visitor:
            api = Api(f"http://127.0.0.1:{port}", visitor)
            await program.until(api.answers, "it answers")
            yield Server(api, program.log)
        await program.stop()


def form(property_id: UUID, **fields: Any) -> dict[str, Any]:
    return {
        "property_id": str(property_id),
        "full_name": "Canarya Birdsong",
        "phone": "97777 00123",
        "email": "canary.bird@example.com",
        "message": "Birdsong: call 97777 00123",
        "consent": True,
        "consent_text_version": "2026-01",
    } | fields


async def every_answer(visitor: Api, admin: Api, engine: AsyncEngine, listing: UUID) -> list[Answer]:
    """Send marked data to every endpoint: accepted, replayed and refused, in all variants."""
    taken = await visitor.post(INQUIRIES, form(listing), idempotency_key="birdsong-1")
    lead = f"{LEADS}/{taken.body['id']}"
    login = {"email": "canary.bird@example.com", "password": PASSWORD}
    return [
        taken,
        await visitor.post(INQUIRIES, form(listing), idempotency_key="birdsong-1"),
        await visitor.post(INQUIRIES, form(listing, message="Nightingale"), idempotency_key="birdsong-1"),
        await visitor.post(INQUIRIES, form(listing, message="Nightingale")),
        await visitor.post(INQUIRIES, form(listing), idempotency_key="Birdsong Nightingale"),
        await visitor.post(INQUIRIES, form(listing, left_blank="https://birdsong.example")),
        await visitor.post(INQUIRIES, form(listing, website="https://birdsong.example")),
        await visitor.post(INQUIRIES, form(listing, email="canary.bird@@example.com", consent=False)),
        await visitor.post(INQUIRIES, form(listing, inquiry_type="Canarya") | {"property_id": "97777 00123"}),
        await visitor.post(INQUIRIES, form(uuid4())),
        await visitor.send(INQUIRIES, b'{"phone": "97777 00123", "phone": "Birdsong"'),
        await while_locked(engine, listing, visitor),
        *[await visitor.post(INQUIRIES, form(listing, phone=f"97777 0012{n}")) for n in range(4, 8)],
        await visitor.post("/api/v1/auth/login", login),
        await visitor.post("/api/v1/auth/login", login | {"password": PASSWORD * 9}),
        await visitor.post("/api/v1/auth/login", login | {"email": ["canary.bird@example.com"]}),
        await admin.post(f"{lead}/notes", {"text": "Nightingale 97777 00123"}),
        await admin.post(f"{lead}/notes", {"text": ["Nightingale"]}),
        await admin.patch(f"{lead}/status", {"status": "contacted"}),
        await admin.patch(f"{lead}/status", {"status": "lost", "lost_reason": "Birdsong"}),
        await admin.patch(f"{lead}/status", {"status": "qualified", "lost_reason": "Birdsong"}),
        await admin.patch(f"{lead}/status", {"status": "new"}),
        await admin.get(lead),
        await admin.get(LEADS, q="97777 00123", sort="Birdsong"),
        await admin.get(LEADS, q="Canarya"),
        await admin.post(f"{LEADS}/search", {"q": "97777 00123"}),
        await admin.post(f"{LEADS}/search", {"q": "97777 00123", "sort": "Birdsong"}),
        await admin.patch(f"{lead}/spam", {"is_spam": True}),
        await admin.patch(f"{lead}/spam", {"is_spam": "Birdsong"}),
        await admin.get(f"{LEADS}.csv", q="Canarya"),
        await admin.get(f"{lead}/export"),
        await admin.post(f"{lead}/erase", {"reason": "Birdsong"}),
    ]


async def while_locked(engine: AsyncEngine, listing: UUID, visitor: Api) -> Answer:
    """Send an inquiry that times out on a database lock."""
    async with engine.connect() as holder:
        await holder.execute(select(Property.id).where(Property.id == listing).with_for_update())
        answer = await visitor.post(INQUIRIES, form(listing, phone="97777 00129"))
        await holder.rollback()
    return answer


async def rows_of(engine: AsyncEngine, table: str) -> str:
    async with engine.connect() as connection:
        return str((await connection.execute(text(f"SELECT * FROM {table}"))).fetchall())


async def in_redis(cache: Redis) -> str:
    return str([(key, await cache.dump(key)) async for key in cache.scan_iter()])


@pytest.mark.usefixtures("fresh_limits")
async def test_personal_data_stays_where_it_belongs(
    server: Server, engine: AsyncEngine, catalogue: Catalogue, cache: Redis, settings: Settings
):
    [listing] = await catalogue.store(home())
    account = await store_user(engine, role="super_admin")
    admin = server.api.signed_in(account, settings)
    answers = await every_answer(server.api, admin, engine, listing)
    assert {answer.status for answer in answers} == {200, 201, 400, 401, 404, 409, 422, 429, 503}
    await catalogue.sync_index()
    places = {
        "log": server.log.read_text(),
        "errors": str([answer.body for answer in answers if answer.status >= 400]),
        "redis": await in_redis(cache),
        "index": str(await everything_indexed(catalogue.search, catalogue.alias)),
        "audit": await rows_of(engine, "audit_log"),
        "outbox": await rows_of(engine, "search_outbox"),
        "events": await rows_of(engine, "analytics_events"),
    }
    assert [(place, mark) for place, held in places.items() for mark in MARKS if mark in held.lower()] == []
    # Check that the marks can be found: they are in the tables where they belong.
    kept = (await rows_of(engine, "inquiries") + await rows_of(engine, "inquiry_events")).lower()
    assert [mark for mark in MARKS if mark not in kept] == ["passw0rd-7731"]
    assert '"status":201' in places["log"]


@pytest.mark.parametrize("breakage", ["DROP_TABLE", "REFUSE"])
async def test_an_unforeseen_error_is_logged_without_the_data(
    server: Server, engine: AsyncEngine, breakage: str
):
    """A failing statement and a constraint violation; the driver's message quotes the data of both."""
    breaking, mending = BREAKAGES[breakage]
    [listing] = await store(engine, home())
    async with engine.begin() as connection:
        await connection.execute(text(breaking))
    try:
        answer = await server.api.post(INQUIRIES, form(listing))
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(mending))
    held = server.log.read_text()
    assert (answer.status, "unforeseen_error" in held) == (500, True)
    assert [mark for mark in MARKS if mark in (held + str(answer.body)).lower()] == []


BREAKAGES = {
    "DROP_TABLE": ("ALTER TABLE inquiries RENAME TO away", "ALTER TABLE away RENAME TO inquiries"),
    "REFUSE": (
        "ALTER TABLE inquiries ADD CONSTRAINT none CHECK (false) NOT VALID",
        "ALTER TABLE inquiries DROP CONSTRAINT none",
    ),
}


async def everything_indexed(search: AsyncOpenSearch, alias: str) -> Any:
    found = await search.search(index=alias, body={"query": {"match_all": {}}})
    assert found["hits"]["total"]["value"] == 1
    return found["hits"]["hits"]
