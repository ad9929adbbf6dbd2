"""Latency of admin requests: creating and changing a property, and pages of the list of properties."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.harness import servers
from bench.harness.load import BadAnswerError, Measured, summary
from bench.harness.report import BenchReport
from domain.security.tokens import issue_token, signing_keys
from schemas.api.admin.properties import Order
from schemas.settings import Settings
from schemas.tables import User
from schemas.vocabulary import Role
from stores.database import opened_database

CREATE, CHANGE = "create", "change of a price"
LIST, LAST, TEXT = "list, any page and sort", "list, the last page", "list, by text"
LONGEST_WRITE_MS, LONGEST_LIST_MS = 15.0, 50.0
PAGE_SIZE = 50
FORM = {
    "locality": "Sector 62",
    "property_type": "apartment",
    "listing_type": "sale",
    "bhk": 3,
    "area_sqft": 1_500,
    "area_basis": "super",
    "state": "active",
}

Ask = Callable[[int], Awaitable[None]]


def run(stores: Settings, listings: int, *, times: int) -> BenchReport:
    settings = stores.model_copy(update={"jwt_secret": SecretStr(token_hex(32))})
    with servers.api(settings) as (url, _):
        rows = asyncio.run(_measure(settings, url, listings, times))
    return BenchReport(listings, rows, ratios(rows))


async def _measure(settings: Settings, url: str, listings: int, times: int) -> list[Measured]:
    async with opened_database(settings) as engine:
        token = await sign_in(engine, settings)
    async with ClientSession(f"{url}/api/v1/admin/", headers={"authorization": f"Bearer {token}"}) as admin:
        asked = Admin(admin, listings)
        return [await timed(name, ask, times) for name, ask in asked.asks().items()]


async def sign_in(engine: AsyncEngine, settings: Settings) -> str:
    account = {"email": "bench@casabricks.example", "full_name": "Bench", "hashed_password": "none"}
    added = insert(User).values(role=Role.ADMIN, **account).returning(User.id)
    async with engine.begin() as connection:
        user = (await connection.execute(added)).scalar_one()
    return issue_token(user, 0, signing_keys(*settings.token_secrets), datetime.now(UTC))


async def timed(name: str, ask: Ask, times: int) -> Measured:
    """Time sequential requests, after 20 that warm up."""
    for number in range(20):
        await ask(-number - 1)
    latencies = []
    for number in range(times):
        began = time.perf_counter()
        await ask(number)
        latencies.append(time.perf_counter() - began)
    return summary(name, latencies, sum(latencies))


class Admin:
    def __init__(self, session: ClientSession, listings: int) -> None:
        self._session = session
        self._pages = listings // PAGE_SIZE
        self._rng = random.Random(1)
        self._made: list[str] = []

    def asks(self) -> dict[str, Ask]:
        return {
            CREATE: self.create,
            CHANGE: self.change,
            LIST: self.any_page,
            LAST: self.last_page,
            TEXT: self.by_text,
        }

    async def create(self, number: int) -> None:
        form = FORM | {"title": f"Flat {number}", "price": self._rng.randint(50, 300) * 100_000}
        self._made.append((await self._ask("POST", "properties", json=form))["id"])

    async def change(self, _number: int) -> None:
        price = {"price": self._rng.randint(50, 300) * 100_000}
        key = self._rng.choice(self._made)
        await self._ask("PATCH", f"properties/{key}", json=price, headers={"if-match": "*"})

    async def any_page(self, _number: int) -> None:
        await self._list(page=self._rng.randint(1, self._pages), sort=self._rng.choice(list(Order)))

    async def last_page(self, _number: int) -> None:
        await self._list(page=self._pages, sort=self._rng.choice(list(Order)))

    async def by_text(self, _number: int) -> None:
        await self._list(page=1, q=self._rng.choice(("garden", "court", "sector 62", "villa", "zzz")))

    async def _list(self, **wanted: Any) -> None:
        await self._ask("GET", "properties", params={**wanted, "page_size": PAGE_SIZE})

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        async with self._session.request(method, path, **options) as answer:
            body = await answer.json()
        if answer.status not in {200, 201}:
            raise BadAnswerError(f"{method} {path}: {answer.status} {body}")
        return body


def ratios(rows: list[Measured]) -> dict[str, float]:
    row = {found.name: found for found in rows}
    return {
        "create_p50_over_15_ms": round(row[CREATE].p50_ms / LONGEST_WRITE_MS, 2),
        "change_p50_over_15_ms": round(row[CHANGE].p50_ms / LONGEST_WRITE_MS, 2),
        "list_p95_over_50_ms": round(row[LIST].p95_ms / LONGEST_LIST_MS, 2),
        "last_page_p95_over_50_ms": round(row[LAST].p95_ms / LONGEST_LIST_MS, 2),
        "text_p95_over_50_ms": round(row[TEXT].p95_ms / LONGEST_LIST_MS, 2),
    }
