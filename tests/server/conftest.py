"""The real API on a free port, requested over HTTP."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiohttp import ClientError, ClientSession
from multidict import CIMultiDictProxy
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.tokens import issue_token, signing_keys
from indexer.changes.drain import drain_all
from indexer.lifecycle import generations
from schemas.settings import Settings
from schemas.tables import PropertyMarket
from server.app import create_app
from server.context import Context
from server.http.protocol import DeadlineProtocol
from server.limits.login_limits import _LocalCounters
from stores.answers import SearchCacheEpoch
from tests.conftest import empty
from tests.factories import Row, store, store_user


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: Any

    def wrong_fields(self) -> dict[str, str]:
        """Return pointer -> error code of a problem's errors."""
        return {error["pointer"]: error["code"] for error in self.body["errors"]}


@dataclass(frozen=True)
class Api:
    url: str
    visitor: ClientSession = field(repr=False)
    always: dict[str, str] = field(default_factory=dict)
    """Headers sent with every request."""
    context: Context | None = field(default=None, repr=False)
    """Context of an application that this process serves."""

    def signed_in(self, user_id: UUID, settings: Settings, token_version: int = 0) -> "Api":
        """Return the same API with requests signed in as an account."""
        keys = signing_keys(*settings.token_secrets)
        token = issue_token(user_id, token_version, keys, datetime.now(UTC))
        return replace(self, always={"authorization": f"Bearer {token}"})

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        return await self.ask("GET", path, params=query, headers=headers)

    async def post(self, path: str, body: Any, **headers: str) -> Answer:
        return await self.write("POST", path, body, **headers)

    async def put(self, path: str, body: Any, **headers: str) -> Answer:
        return await self.write("PUT", path, body, **headers)

    async def patch(self, path: str, body: Any, **headers: str) -> Answer:
        return await self.write("PATCH", path, body, **headers)

    async def delete(self, path: str, **headers: str) -> Answer:
        return await self.ask("DELETE", path, headers=_named(headers))

    async def write(self, method: str, path: str, body: Any, **headers: str) -> Answer:
        """Send JSON; `if_match="..."` becomes the header If-Match."""
        sent = {"content-type": "application/json"} | _named(headers)
        return await self.ask(method, path, data=orjson.dumps(body), headers=sent)

    async def answers(self) -> bool:
        """Return whether the API accepts connections and is alive."""
        try:
            return (await self.get("/livez")).status == 200
        except ClientError:
            return False

    async def send(self, path: str, raw: bytes, content_type: str = "application/json") -> Answer:
        return await self.ask("POST", path, data=raw, headers={"content-type": content_type})

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        sent = self.always | (headers or {})
        async with self.visitor.request(method, self.url + path, headers=sent, **options) as response:
            raw = await response.read()
            is_json = response.content_type.endswith("json")
            return Answer(response.status, response.headers, orjson.loads(raw) if is_json and raw else raw)

    async def guided(self, **wanted: Any) -> Any:
        """Run a guided search; fail unless it succeeds, return its body."""
        answer = await self.post("/api/v1/search/guided", wanted)
        assert answer.status == 200, answer.body
        return answer.body


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True)
class Catalogue:
    """Stores searchable listings as the product does: Postgres, outbox, drain."""

    engine: AsyncEngine
    search: AsyncOpenSearch
    alias: str
    generation: str
    epoch: SearchCacheEpoch

    async def store(self, *rows: Row) -> list[UUID]:
        ids = await store(self.engine, *rows)
        await self.sync_index()
        return ids

    async def label(self, *labels: tuple[UUID, str, float]) -> None:
        """Set market labels: id, label, percent difference from the market."""
        async with self.engine.begin() as connection:
            for property_id, label, delta_pct in labels:
                values = {"property_id": property_id, "label": label, "delta_pct": delta_pct}
                await connection.execute(insert(PropertyMarket).values(n=9, method="test", **values))
        await self.sync_index()

    async def sync_index(self) -> None:
        await drain_all(self.engine, self.search, alias=self.alias, epoch=self.epoch)


@pytest.fixture
def catalogue(
    engine: AsyncEngine, search: AsyncOpenSearch, cache: Redis, settings: Settings, generation: str
) -> Catalogue:
    return Catalogue(
        engine, search, settings.index_alias, generation, SearchCacheEpoch(cache, settings.index_alias)
    )


@pytest.fixture(scope="module")
async def live(
    worker_engine: AsyncEngine, search: AsyncOpenSearch, cache: Redis, settings: Settings
) -> AsyncIterator[Catalogue]:
    """One index for all tests of a module, because they only read."""
    epoch = SearchCacheEpoch(cache, settings.index_alias)
    name = await generations.create(worker_engine, search, settings)
    await generations.begin_verifying(worker_engine, name)
    await generations.promote(worker_engine, search, settings.index_alias, name, epoch)
    yield Catalogue(worker_engine, search, settings.index_alias, name, epoch)
    await search.indices.delete(index=name)
    await empty(worker_engine)


@pytest.fixture
async def admin(api: Api, engine: AsyncEngine, settings: Settings) -> Api:
    """The API with requests signed in as an admin."""
    return api.signed_in(await store_user(engine, email="asha@casabricks.example"), settings)


@pytest.fixture
async def super_admin(api: Api, engine: AsyncEngine, settings: Settings) -> Api:
    user_id = await store_user(engine, email="root@casabricks.example", role="super_admin")
    return api.signed_in(user_id, settings)


@pytest.fixture
async def fresh_limits(cache: Redis) -> None:
    """Reset the counts of failed logins."""
    async for key in cache.scan_iter(match="login:*"):
        await cache.delete(key)


NUMBERS = count()
"""Sanic needs a distinct name for each application in a process."""
SERVING: list[Context] = []
"""Contexts of the applications that this process serves now."""


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with served(settings) as api:
        yield api


@pytest.fixture(autouse=True)
def no_outage_is_remembered() -> Iterator[None]:
    """Forget Redis outages after a test: an application avoids a failed Redis for a while."""
    yield
    for context in SERVING:
        context.cached_answers._paused_until = 0.0
        context.login_limits._local = _LocalCounters()


@asynccontextmanager
async def served(settings: Settings, name: str = "casabricks") -> AsyncIterator[Api]:
    """Serve the application in this process, on a real socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings, f"{name}-{next(NUMBERS)}")
    app.config.TOUCHUP = False  # Sanic rewrites its own source once, for one application in a process
    server = await app.create_server(sock=listener, return_asyncio_server=True, protocol=DeadlineProtocol)
    await server.startup()
    await server.before_start()
    await server.after_start()
    SERVING.append(app.ctx)
    async with ClientSession() as visitor:
        yield Api(f"http://127.0.0.1:{listener.getsockname()[1]}", visitor, context=app.ctx)
    SERVING.remove(app.ctx)
    await server.before_stop()
    await server.close()
    await server.after_stop()
