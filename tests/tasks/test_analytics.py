"""The hourly and nightly event jobs: rollup, purge, expiry, warm-up."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from schemas.tables import AnalyticsEvent
from tasks.analytics import aggregate_analytics
from tasks.expiry import expire_all, expire_listings
from tasks.retention import erase_people, purge_records
from tasks.scheduling.runs import JobContext
from tests.factories import home, inquiry, picture, store, store_inquiries, store_pictures
from tests.tasks.test_views import forget_views


@pytest.fixture(autouse=True)
async def no_views(cache: Redis) -> None:
    """Views of earlier tests wait in Redis."""
    await forget_views(cache)


NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOTALS = (None, 0, 2, 3, 40)


def search(at: datetime, total: int | None = 9, kind: str = "guided", **columns: Any) -> dict[str, Any]:
    asked = columns.pop("search", {})
    data = {"kind": kind, "search": asked, "total": total}
    return {"event_type": "search", "event_data": data, "created_at": at} | columns


async def add(engine: AsyncEngine, *events: Mapping[str, Any]) -> None:
    async with engine.begin() as connection:
        for event in events:
            await connection.execute(insert(AnalyticsEvent).values(**event))


async def ask(engine: AsyncEngine, question: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question))]


def work(
    engine: AsyncEngine, settings: Settings, period: datetime, last: datetime | None = None
) -> JobContext:
    return JobContext(engine, settings, period, last)


DAYS = "SELECT day, kind, n, few, none FROM analytics_days WHERE event_type = 'search' ORDER BY 1, 2"


async def test_events_are_counted_by_day_and_kind(engine: AsyncEngine, settings: Settings):
    moments = [NOON + timedelta(hours=5 * n) for n in range(6)]
    kinds = ("guided", "listings", "map")
    events = [search(at, total, kind) for at in moments for total in TOTALS for kind in kinds]
    [listing] = await store(engine, home())
    await add(engine, *events, {"event_type": "view", "property_id": listing, "created_at": NOON})
    found = await aggregate_analytics(work(engine, settings, moments[-1]))
    assert (found["days_from"], found["rows"]) == ("2026-03-10", 7)
    days = Counter(at.date() for at in moments)
    assert await ask(engine, DAYS) == [
        (day, kind, days[day] * 5, days[day] * 2, days[day]) for day in sorted(days) for kind in kinds
    ]
    views = await ask(engine, "SELECT day, property_id, n FROM analytics_days WHERE event_type = 'view'")
    assert views == [(NOON.date(), listing, 1)]


async def test_counting_again_changes_nothing_and_takes_in_what_came_late(
    engine: AsyncEngine, settings: Settings
):
    await add(engine, search(NOON), search(NOON - timedelta(days=3)))
    hour = NOON + timedelta(hours=1)
    await aggregate_analytics(work(engine, settings, hour))
    before = await ask(engine, DAYS)
    await aggregate_analytics(work(engine, settings, hour + timedelta(hours=1), last=hour))
    assert await ask(engine, DAYS) == before
    await add(engine, search(NOON))
    await aggregate_analytics(work(engine, settings, hour + timedelta(hours=2), last=hour))
    assert [n for _, _, n, *_ in await ask(engine, DAYS)] == [1, 2]


async def test_hours_that_no_worker_saw_are_made_up_for(engine: AsyncEngine, settings: Settings):
    await aggregate_analytics(work(engine, settings, NOON))
    missed = [NOON + timedelta(days=n) for n in range(4)]
    await add(engine, *map(search, missed))
    await aggregate_analytics(work(engine, settings, missed[-1] + timedelta(hours=1), last=NOON))
    assert [day for day, *_ in await ask(engine, DAYS)] == [at.date() for at in missed]


async def test_the_run_keeps_how_things_stand(engine: AsyncEngine, settings: Settings):
    ids = await store(engine, home(), home(), home(property_type="villa"), home(state="sold"))
    statuses = ("pending", "pending", "processing", "completed")
    pictures = [picture(ids[n], enhancement_status=status) for n, status in enumerate(statuses)]
    await store_pictures(engine, *pictures)
    found = await aggregate_analytics(work(engine, settings, NOON))
    assert found == {
        "views": 0,
        "days_from": None,
        "rows": 0,
        "active": {"apartment": 2, "villa": 1},
        "enhancement_queue": {"pending": 2, "processing": 1},
    }


async def test_records_past_their_time_are_purged_and_counts_stay(engine: AsyncEngine, settings: Settings):
    now = datetime.now(UTC)
    old, older = now - timedelta(days=91), now - timedelta(days=92)
    await add(engine, search(now), search(old), search(older))
    await aggregate_analytics(work(engine, settings, now))
    for table, days in (
        ("webhook_deliveries (id, body_sha256, received_at) VALUES (:name, '', {})", 7),
        ("view_batches (token, views, counted_at) VALUES (:name, 1, {})", 30),
        ("job_runs (job, period, started_at) VALUES (:name, now(), {})", 30),
        (
            "market_quality (listing_type, listings, compared, method, as_of) VALUES ('rent', 0, 0, '', {})",
            366,
        ),
    ):
        async with engine.begin() as connection:
            for name, age in (("old", days + 1), ("young", days - 1)):
                statement = "INSERT INTO " + table.format(f"now() - interval '{age} days'")
                await connection.execute(text(statement), {"name": name})
    gone = await purge_records(work(engine, settings, now))
    assert gone == {
        "webhook_deliveries": 1,
        "analytics_events": 2,
        "job_runs": 1,
        "view_batches": 1,
        "market_quality": 1,
    }
    assert await ask(engine, "SELECT id FROM webhook_deliveries") == [("young",)]
    assert await ask(engine, "SELECT sum(n) FROM analytics_days") == [(3,)]
    assert await ask(engine, "SELECT count(*) FROM analytics_events") == [(1,)]


async def test_events_that_were_never_counted_are_not_purged(engine: AsyncEngine, settings: Settings):
    now = datetime.now(UTC)
    await add(engine, search(now - timedelta(days=91)))
    assert (await purge_records(work(engine, settings, now)))["analytics_events"] == 0


async def test_people_are_erased_by_the_same_job(engine: AsyncEngine, settings: Settings):
    [listing] = await store(engine, home())
    await store_inquiries(engine, inquiry(listing))
    assert await erase_people(work(engine, settings, NOON)) == {"leads": 0, "addresses": 0, "keys": 0}


STATES = ("draft", "active", "under_offer", "inactive", "sold", "expired", "deleted")


async def test_listings_past_their_term_expire_with_an_audit_row(engine: AsyncEngine, settings: Settings):
    past, later = datetime.now(UTC) - timedelta(seconds=1), datetime.now(UTC) + timedelta(days=1)
    await store(engine, *(home(state, state=state, expires_at=past) for state in STATES))
    await store(engine, home("later", expires_at=later), home("never"))
    assert await expire_listings(work(engine, settings, NOON)) == {"expired": 4}
    rows = dict(await ask(engine, "SELECT title, state FROM properties"))
    ended = dict.fromkeys(("draft", "active", "under_offer", "inactive", "expired"), "expired")
    assert rows == ended | {"sold": "sold", "deleted": "deleted", "later": "active", "never": "active"}
    audit = await ask(
        engine,
        "SELECT actor, action, changes FROM audit_log a JOIN properties p ON p.id::text = a.entity_id"
        " WHERE title = 'active'",
    )
    assert audit == [("expiry", "property.state", {"state": ["active", "expired"]})]
    versions = await ask(engine, "SELECT version, is_active FROM properties WHERE title = 'active'")
    assert versions == [(2, False)]
    owed = (
        "SELECT count(*) FROM search_outbox o JOIN properties p ON p.id = property_id WHERE title = 'active'"
    )
    assert await ask(engine, owed) == [(2,)]
    assert await expire_all(engine) == 0


async def test_a_listing_that_is_being_edited_is_waited_for(engine: AsyncEngine):
    past = datetime.now(UTC) - timedelta(seconds=1)
    ids = await store(engine, home(expires_at=past), home(expires_at=past))
    async with engine.begin() as editor:
        lock = text("SELECT FROM properties WHERE id = :id FOR NO KEY UPDATE")
        await editor.execute(lock, {"id": ids[0]})
        expiring = asyncio.create_task(expire_all(engine))
        await asyncio.sleep(0.3)
        assert not expiring.done()
    assert await expiring == 2
