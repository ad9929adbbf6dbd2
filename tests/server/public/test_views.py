"""Property pages count their views without delaying the response."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from server.telemetry.view_log import visitor_of
from tasks.views import flush_views
from tests.factories import home, store
from tests.server.conftest import Api, served

VISIT, OTHER = {"x-session-id": "visit-12345"}, {"x-session-id": "visit-67890"}
HERE, THERE = ip_network("203.0.113.7/32"), ip_network("203.0.113.8/32")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
async def listing(engine: AsyncEngine, cache: Redis) -> UUID:
    async for key in cache.scan_iter(match="views:*"):
        await cache.delete(key)
    [key] = await store(engine, home())
    return key


@pytest.fixture
async def visited(listing: UUID, settings: Settings, request: pytest.FixtureRequest) -> None:
    """A page requested in several ways; the server has stopped since."""
    path = f"/api/v1/properties/{listing}"
    async with served(settings, request.node.name) as api:
        for headers in (VISIT, VISIT, OTHER, {}, {}, VISIT | {"sec-purpose": "prefetch;prerender"}):
            assert (await api.get(path, headers=headers)).status == 200
        etag = (await api.get(path, headers=VISIT)).headers["etag"]
        third = {"x-session-id": "visit-again-1", "if-none-match": etag}
        assert (await api.get(path, headers=third)).status == 304
        assert (await api.ask("HEAD", path, headers={"x-session-id": "monitor-1"})).status == 200
        assert (await api.get("/api/v1/properties/no-id", headers=OTHER)).status == 404


async def test_each_visit_counts_once_also_one_without_a_name(
    visited: None, engine: AsyncEngine, settings: Settings
):
    await flush_views(engine, settings)  # includes views from the other servers of the suite
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT view_count FROM properties")) == 4


async def test_each_counted_view_is_an_event(visited: None, engine: AsyncEngine, listing: UUID):
    question = (
        "SELECT session_id FROM analytics_events WHERE event_type = 'view' AND property_id = :key"
        " ORDER BY created_at"
    )
    async with engine.connect() as connection:
        sessions = [row.session_id for row in await connection.execute(text(question), {"key": listing})]
    assert sessions == ["visit-12345", "visit-67890", None, "visit-again-1"]


async def test_without_redis_a_page_is_shown_at_once_and_its_view_is_lost(
    listing: UUID, settings: Settings, engine: AsyncEngine
):
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with served(away, "viewing_without_redis") as api:
        assert (await api.get(f"/api/v1/properties/{listing}", headers=VISIT)).status == 200
    await flush_views(engine, settings)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT view_count FROM properties")) == 0


async def test_a_page_does_not_change_by_being_looked_at(
    api: Api, listing: UUID, settings: Settings, engine: AsyncEngine
):
    path = f"/api/v1/properties/{listing}"
    before = (await api.get(path, headers=VISIT)).headers["etag"]
    await flush_views(engine, settings)
    assert (await api.get(path, headers=OTHER)).headers["etag"] == before


def test_an_address_stands_for_a_visitor_for_one_day_and_cannot_be_read_from_it():
    today = visitor_of(None, HERE, b"secret", NOON)
    assert "203" not in today
    assert today == visitor_of(None, HERE, b"secret", NOON + timedelta(hours=11))
    others = [
        visitor_of(None, THERE, b"secret", NOON),
        visitor_of(None, HERE, b"another", NOON),
        visitor_of(None, HERE, b"secret", NOON + timedelta(days=1)),
        visitor_of("visit-12345", HERE, b"secret", NOON),
    ]
    assert len({today, *others}) == 5
