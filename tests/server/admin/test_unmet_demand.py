"""Unmet demand, reported only from five visits on, and the figures of views and searches."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from schemas.tables import AnalyticsEvent
from tasks.analytics import aggregate_analytics
from tasks.scheduling.runs import JobContext
from tests.factories import home, picture, store, store_pictures
from tests.server.conftest import Api, Catalogue, served

UNMET, SUMMARY = "/api/v1/admin/analytics/unmet-demand", "/api/v1/admin/analytics/summary"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


def wish(total: int | None, session: str | None, kind: str = "listings", **asked: Any) -> dict[str, Any]:
    search = {name: asked.pop(name) for name in ("page", "cursor") if name in asked}
    data = {"kind": kind, "search": search, "total": total, "asked": {"listing_type": "sale"} | asked}
    return {"event_type": "search", "event_data": data, "session_id": session, "created_at": NOON}


async def add(engine: AsyncEngine, *events: dict[str, Any]) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(AnalyticsEvent), [{"property_id": None} | event for event in events])


async def test_a_wish_of_five_visits_is_told_and_one_of_four_is_not(admin: Api, engine: AsyncEngine):
    asked: dict[str, Any] = {"locality": ["Sector 62"], "bhk": [3]}
    await add(
        engine,
        *(wish(0 if n else 2, f"visit-{n}", **asked) for n in range(5)),
        wish(1, "visit-0", **asked),
        wish(0, None, **asked),
        *(wish(0, f"visit-{n}", locality=["Sector 78"], bhk=[3]) for n in range(4)),
        *(wish(0, "visit-1", locality=["Sector 150"]) for _ in range(50)),
        *(wish(0, None, locality=["Sector 18"]) for _ in range(50)),
    )
    answer = await admin.get(UNMET, **MARCH)
    assert answer.body == {
        "since": "2026-03-01",
        "until": "2026-03-31",
        "fewest_sessions": 5,
        "items": [
            {
                "listing_type": "sale",
                "wanted": {"bhk": 3, "locality": "Sector 62"},
                "sessions": 5,
                "searches": 7,
                "none": 5,
            }
        ],
    }


@pytest.mark.parametrize(
    "event",
    [
        wish(3, "x"),  # three results are enough
        wish(None, "x"),
        wish(0, "x", kind="map"),  # map viewports do not count
        wish(0, "x", page=2),
        wish(0, "x", cursor="c"),
        wish(0, "x") | {"created_at": NOON - timedelta(days=10)},
        wish(0, "x") | {"created_at": datetime(2026, 4, 1, tzinfo=UTC)},
        wish(0, "x") | {"event_type": "view"},
    ],
)
async def test_what_is_no_disappointment_of_the_period_does_not_count(
    admin: Api, engine: AsyncEngine, event: dict[str, Any]
):
    await add(engine, *(event | {"session_id": f"visit-{n}"} for n in range(9)))
    assert (await admin.get(UNMET, **MARCH, by="locality")).body["items"] == []


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("locality", [({"locality": "Sector 61"}, 6), ({"locality": "Sector 62"}, 6)]),
        ("budget", [({"budget": 9_000_000}, 6)]),
        ("vastu", [({"vastu": True}, 6)]),
        ("property_type", [({"property_type": None}, 6)]),
    ],
)
async def test_a_search_asks_for_each_of_its_values_and_may_leave_a_dimension_open(
    admin: Api, engine: AsyncEngine, by: str, expected: list[tuple[dict[str, Any], int]]
):
    asked: dict[str, Any] = {"locality": ["Sector 62", "Sector 61"], "budget": 9_000_000, "vastu": True}
    await add(engine, *(wish(0, f"visit-{n}", **asked) for n in range(6)))
    items = (await admin.get(UNMET, **MARCH, by=by)).body["items"]
    assert [(item["wanted"], item["sessions"]) for item in items] == expected


def groups_of(
    events: list[dict[str, Any]], by: tuple[str, ...]
) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """Compute the same with plain loops: sessions, searches, and searches without results."""
    found = defaultdict(list)
    for event in events:
        data = event["event_data"]
        if data["total"] is not None and data["total"] < 3 and data["kind"] != "map":
            asked = data["asked"]
            values = [
                asked.get(name) if isinstance(asked.get(name), list) else [asked.get(name)] for name in by
            ]
            for wanted in product(*values):
                found[asked["listing_type"], *wanted].append((event["session_id"], data["total"]))
    counted = {
        key: (len({name for name, _ in rows if name}), len(rows), sum(total == 0 for _, total in rows))
        for key, rows in found.items()
    }
    return {key: counts for key, counts in counted.items() if counts[0] >= 5}


@pytest.mark.parametrize("by", [("locality",), ("bhk", "locality"), ("bhk", "budget", "property_type")])
async def test_groups_are_those_of_plain_counting(admin: Api, engine: AsyncEngine, by: tuple[str, ...]):
    chance = random.Random(7)

    def some(*values: Any) -> dict[str, Any]:
        return chance.choice(values)  # type: ignore[no-any-return]

    events = [
        wish(
            chance.choice([None, 0, 0, 1, 2, 3, 9]),
            chance.choice([None, *(f"visit-{n}" for n in range(12))]),
            chance.choice(["guided", "listings", "listings", "map"]),
            **some({}, {"locality": ["Sector 62"]}, {"locality": ["Sector 62", "Sector 78"]}),
            **some({}, {"bhk": [2]}, {"bhk": [2.5, 3]}),
            **some({}, {"budget": 9_000_000}, {"budget": 5_000_000}),
            **some({}, {"property_type": ["villa"]}),
            **some({}, {"listing_type": "rent"}),
        )
        for _ in range(900)
    ]
    await add(engine, *events)
    query = [("by", each) for each in by]
    answer = await admin.ask("GET", UNMET, params=[*MARCH.items(), *query])
    items = answer.body["items"]
    assert {
        (item["listing_type"], *(item["wanted"][name] for name in by)): (
            item["sessions"], item["searches"], item["none"],
        )
        for item in items
    } == groups_of(events, by)  # fmt: skip
    assert [item["sessions"] for item in items] == sorted((item["sessions"] for item in items), reverse=True)
    rents = await admin.ask("GET", UNMET, params=[*MARCH.items(), *query, ("listing_type", "rent")])
    assert rents.body["items"] == [item for item in items if item["listing_type"] == "rent"]


async def test_searches_are_written_down_with_what_they_ask_for(
    catalogue: Catalogue, settings: Settings, request: pytest.FixtureRequest
):
    async with served(settings, request.node.name) as api:
        one, two = {"x-session-id": "visit-one-1"}, {"x-session-id": "visit-two-2"}
        box = {"box": {"north": 28.6, "south": 28.5, "east": 77.5, "west": 77.3}}
        for path, body, headers in (
            ("guided", {"answers": {"budget": {"max": 9_100_000}, "bhk": [3]}}, one),
            ("listings", {"locality": ["Sector 62"], "q": "park", "vastu_score": {"min": 50}}, two),
        ):
            answer = await api.ask("POST", f"/api/v1/search/{path}", json=body, headers=headers)
            assert answer.status == 200
        assert (await api.post("/api/v1/search/map", {"zoom": 12, "geo": box})).status == 200
    question = (
        "SELECT event_data -> 'asked' FROM analytics_events"
        " WHERE session_id IN ('visit-one-1', 'visit-two-2') ORDER BY session_id"
    )
    async with catalogue.engine.connect() as connection:
        asked = (await connection.scalars(text(question))).all()
    assert asked == [
        {"listing_type": "sale", "bhk": [3], "budget": 9_000_000, "vastu": False},
        {"listing_type": "sale", "locality": ["Sector 62"], "vastu": True},
    ]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"by": "phone"}, {"#/by/0": "enum"}),
        ({"limit": "0"}, {"#/limit": "greater_than_equal"}),
        ({"listing_type": "swap"}, {"#/listing_type": "enum"}),
    ],
)
async def test_a_wrong_question_is_named(admin: Api, query: dict[str, str], wrong: dict[str, str]):
    answer = await admin.get(UNMET, **query)
    assert (answer.status, answer.wrong_fields()) == (422, wrong)


async def test_strangers_do_not_learn_what_is_missing(api: Api):
    assert (await api.get(UNMET)).status == 401


# -- Views and searches in the summary


async def some_events(engine: AsyncEngine) -> None:
    chance = random.Random(3)
    ids = await store(engine, *(home(f"Home {n}") for n in range(14)))
    moments = [NOON + timedelta(hours=chance.randrange(-24 * 12, 24 * 12)) for _ in range(400)]
    views = [
        {
            "event_type": "view",
            "property_id": chance.choice(ids[: n % 14 + 1]),
            "created_at": at,
            "event_data": {},
        }
        for n, at in enumerate(moments)
    ]
    searches = [
        wish(chance.choice([None, 0, 1, 2, 3, 50]), "x", chance.choice(["guided", "listings", "map"]))
        | {"created_at": at + timedelta(minutes=7)}
        for at in moments
    ]
    await add(engine, *({"session_id": None} | view for view in views))
    await add(engine, *searches)


ORACLE = """
    SELECT count(*) FILTER (WHERE event_type = 'view') AS views,
           count(*) FILTER (WHERE event_type = 'search') AS searches,
           count(*) FILTER (WHERE event_data ->> 'kind' <> 'map'
                            AND event_data ->> 'total' IN ('0', '1', '2')) AS few,
           count(*) FILTER (WHERE event_data ->> 'kind' <> 'map' AND event_data ->> 'total' = '0') AS none
    FROM analytics_events WHERE created_at >= '2026-03-05' AND created_at < '2026-03-16'
"""
MOST_VIEWED = """
    SELECT title, count(*) FROM analytics_events e JOIN properties p ON p.id = e.property_id
    WHERE e.created_at >= '2026-03-05' AND e.created_at < '2026-03-16'
    GROUP BY p.id ORDER BY 2 DESC, p.id LIMIT 10
"""
KINDS = """
    SELECT event_data ->> 'kind', count(*) FROM analytics_events
    WHERE event_type = 'search' AND created_at >= '2026-03-05' AND created_at < '2026-03-16' GROUP BY 1
"""


@pytest.mark.parametrize("rolled_up_at", [None, NOON - timedelta(days=20), NOON, NOON + timedelta(days=20)])
async def test_views_and_searches_are_summed_up_whatever_is_rolled_up(
    admin: Api, engine: AsyncEngine, settings: Settings, rolled_up_at: datetime | None
):
    await some_events(engine)
    if rolled_up_at is not None:
        await aggregate_analytics(JobContext(engine, settings, rolled_up_at, None))
    answer = (await admin.get(SUMMARY, since="2026-03-05", until="2026-03-15")).body
    async with engine.connect() as connection:
        expected = (await connection.execute(text(ORACLE))).one()
        viewed = [tuple(row) for row in await connection.execute(text(MOST_VIEWED))]
        kinds = {row[0]: row[1] for row in await connection.execute(text(KINDS))}
    views, searches = answer["views"], answer["searches"]
    found = (views["total"], searches["total"], searches["few"], searches["none"])
    assert found == tuple(expected)
    assert [(row["title"], row["views"]) for row in views["most_viewed"]] == viewed
    assert searches["by_kind"] == kinds
    for section in (views, searches):
        assert len(section["by_day"]) == 11
        assert sum(day["count"] for day in section["by_day"]) == section["total"]


async def test_the_queue_of_the_ai_service_is_in_the_summary(admin: Api, engine: AsyncEngine):
    assert (await admin.get(SUMMARY)).body["enhancement"] == {"pending": 0, "processing": 0, "oldest_s": None}
    ids = await store(engine, home(), home(), home())
    asked = [datetime.now(UTC) - timedelta(hours=hours) for hours in (1, 3, 50)]
    statuses = ("pending", "processing", "completed")
    rows = zip(ids, statuses, asked, strict=True)
    await store_pictures(
        engine, *(picture(key, enhancement_status=status, requested_at=at) for key, status, at in rows)
    )
    queue = (await admin.get(SUMMARY)).body["enhancement"]
    assert (queue["pending"], queue["processing"]) == (1, 1)
    assert 3 * 3_600 <= queue["oldest_s"] < 3 * 3_600 + 60


async def test_a_lead_is_an_event_without_its_visit(api: Api, engine: AsyncEngine):
    [listing] = await store(engine, home())
    form = {
        "property_id": str(listing), "full_name": "Ravi Kumar", "phone": "98123 45678",
        "email": "ravi.kumar@example.com", "message": "Is it free?", "consent": True,
        "consent_text_version": "2026-01",
    }  # fmt: skip
    assert (await api.post("/api/v1/inquiries", form, x_session_id="visit-12345")).status == 201
    question = "SELECT property_id, session_id, event_data FROM analytics_events WHERE event_type = 'inquiry'"
    async with engine.connect() as connection:
        assert [tuple(row) for row in await connection.execute(text(question))] == [(listing, None, {})]
