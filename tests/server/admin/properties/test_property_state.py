"""A property's state over HTTP: legal, illegal and repeated moves, and the dates that they set."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, store
from tests.server.conftest import Answer, Api

PROPERTIES = "/api/v1/admin/properties"


async def move(admin: Api, key: Any, wanted: Any, if_match: str = '"1"') -> Answer:
    return await admin.patch(f"{PROPERTIES}/{key}/status", wanted, if_match=if_match)


async def audited(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT action, changes FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("now", "wanted", "then"),
    [
        ("draft", {"state": "active"}, "active"),
        ("draft", {"is_active": True}, "active"),
        ("active", {"state": "under_offer"}, "under_offer"),
        ("active", {"is_active": False}, "inactive"),
        ("under_offer", {"state": "sold"}, "sold"),
        ("inactive", {"is_active": True}, "active"),
        ("sold", {"is_active": True}, "active"),
        ("expired", {"state": "active"}, "active"),
        ("deleted", {"is_active": True}, "active"),
        ("inactive", {"state": "expired"}, "expired"),
    ],
)
async def test_a_move_is_a_new_version_and_is_recorded(
    admin: Api, engine: AsyncEngine, now: str, wanted: Any, then: str
):
    [key] = await store(engine, home(state=now))
    answer = await move(admin, key, wanted)
    assert (answer.status, answer.body["state"], answer.headers["etag"]) == (200, then, '"2"')
    assert answer.body["is_active"] is (then in {"active", "under_offer"})
    [(action, changes)] = await audited(engine)
    assert (action, changes["state"]) == ("property.state", [now, then])


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("active", {"state": "active"}),
        ("active", {"is_active": True}),
        ("under_offer", {"is_active": True}),
        ("inactive", {"is_active": False}),
        ("draft", {"is_active": False}),
        ("sold", {"is_active": False}),
        ("deleted", {"state": "deleted"}),
    ],
)
async def test_a_move_that_was_made_already_leaves_no_trace(
    admin: Api, engine: AsyncEngine, now: str, wanted: Any
):
    [key] = await store(engine, home(state=now))
    answer = await move(admin, key, wanted)
    assert (answer.status, answer.body["state"], answer.headers["etag"]) == (200, now, '"1"')
    assert await audited(engine) == []


@pytest.mark.parametrize(
    ("now", "wanted", "allowed"),
    [
        ("draft", {"state": "under_offer"}, ["active", "sold", "expired", "deleted"]),
        ("under_offer", {"is_active": False}, ["active", "sold", "expired", "deleted"]),
        ("sold", {"state": "under_offer"}, ["active", "deleted"]),
        ("active", {"state": "draft"}, ["under_offer", "inactive", "sold", "expired", "deleted"]),
        ("deleted", {"state": "sold"}, ["active"]),
    ],
)
async def test_an_illegal_move_names_the_legal_ones(
    admin: Api, engine: AsyncEngine, now: str, wanted: Any, allowed: list[str]
):
    [key] = await store(engine, home(state=now))
    answer = await move(admin, key, wanted)
    assert (answer.status, answer.body["state"], answer.body["allowed"]) == (409, now, allowed)
    assert await audited(engine) == []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, {"#": "one_of_two"}),
        ({"state": "active", "is_active": True}, {"#": "one_of_two"}),
        ({"state": "gone"}, {"#/state": "enum"}),
        ({"is_active": "yes"}, {"#/is_active": "bool_type"}),
        ({"is_active": None}, {"#": "one_of_two"}),
        ({"active": True}, {"#/active": "extra_forbidden"}),
    ],
)
async def test_a_wrong_wish_is_refused(admin: Api, engine: AsyncEngine, wrong: Any, expected: dict[str, str]):
    [key] = await store(engine, home())
    answer = await move(admin, key, wrong)
    assert (answer.status, answer.wrong_fields()) == (422, expected)


async def test_a_listing_is_as_old_as_its_first_offer(admin: Api, engine: AsyncEngine):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    draft, paused = await store(
        engine, home(state="draft", listed_at=long_ago), home(state="inactive", listed_at=long_ago)
    )
    first = (await move(admin, draft, {"is_active": True})).body["listed_at"]
    assert datetime.now(UTC) - datetime.fromisoformat(first) < timedelta(minutes=1)
    assert (await move(admin, paused, {"is_active": True})).body["listed_at"] == "2026-01-01T00:00:00Z"


async def test_a_term_that_has_passed_does_not_end_a_listing_again(admin: Api, engine: AsyncEngine):
    past, future = datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    ended, early = await store(
        engine, home(state="expired", expires_at=past), home(state="sold", expires_at=future)
    )
    assert (await move(admin, ended, {"is_active": True})).body["expires_at"] is None
    assert (await move(admin, early, {"is_active": True})).body["expires_at"] == "2100-01-01T00:00:00Z"
