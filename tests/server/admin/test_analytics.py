"""The summary: leads by kind and day, and the time to first contact."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, inquiry, store, store_inquiries, store_user
from tests.server.conftest import Api

SUMMARY = "/api/v1/admin/analytics/summary"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


async def some_leads(engine: AsyncEngine) -> tuple[UUID, UUID]:
    """Store ten leads that two admins first contacted after one to ten minutes, and some others."""
    [listing] = await store(engine, home())
    people = [
        await store_user(engine, email=f"{name}@casabricks.example", full_name=name)
        for name in ("Bina", "Chand")
    ]

    def lead(minutes: float | None = None, **columns: Any) -> dict[str, Any]:
        return (
            inquiry(listing, created_at=NOON)
            | (
                {}
                if minutes is None
                else {"status": "contacted", "first_contacted_at": NOON + timedelta(minutes=minutes)}
            )
            | columns
        )

    await store_inquiries(
        engine,
        *(lead(minutes, first_contacted_by=people[minutes > 4]) for minutes in range(1, 11)),
        lead(created_at=NOON + timedelta(hours=12)),
        lead(created_at=NOON - timedelta(days=1), status="lost", lost_reason="bought"),
        lead(is_spam=True),
        lead(created_at=NOON - timedelta(days=40)),
    )
    return people[0], people[1]


async def test_leads_are_summed_up(admin: Api, engine: AsyncEngine):
    bina, chand = await some_leads(engine)
    answer = await admin.get(SUMMARY, since="2026-03-09", until="2026-03-12")
    others = {"views", "searches", "enhancement"}
    assert {name: value for name, value in answer.body.items() if name not in others} == {
        "since": "2026-03-09",
        "until": "2026-03-12",
        "inquiries": {
            "total": 12,
            "by_status": {"new": 1, "contacted": 10, "qualified": 0, "converted": 0, "lost": 1},
            "by_day": [
                {"day": "2026-03-09", "count": 1},
                {"day": "2026-03-10", "count": 10},
                {"day": "2026-03-11", "count": 1},
                {"day": "2026-03-12", "count": 0},
            ],
            "spam": 1,
            "of_inactive": 0,
            "first_contact": {
                "contacted": 10,
                "waiting": 2,
                "median_s": 330,
                "p90_s": 546,
                "by_admin": [
                    {
                        "admin": {"id": str(bina), "full_name": "Bina"},
                        "contacted": 4,
                        "median_s": 150,
                        "p90_s": 222,
                    },
                    {
                        "admin": {"id": str(chand), "full_name": "Chand"},
                        "contacted": 6,
                        "median_s": 450,
                        "p90_s": 570,
                    },
                ],
            },
        },
    }


async def test_without_leads_nothing_is_made_up(admin: Api):
    before = datetime.now(UTC)
    answer = await admin.get(SUMMARY)
    assert len(answer.body["inquiries"]["by_day"]) == 30
    assert answer.body["until"] in {f"{day:%Y-%m-%d}" for day in (before, datetime.now(UTC))}
    assert answer.body["inquiries"]["first_contact"] == {
        "contacted": 0, "waiting": 0, "median_s": None, "p90_s": None, "by_admin": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ({"until": "2026-03-31"}, ("2026-03-02", "2026-03-31")),
        ({"since": "2024-01-01"}, ("2024-01-01", "2024-12-31")),
        ({"since": "2024-01-01", "until": "2024-12-31"}, ("2024-01-01", "2024-12-31")),
        ({"since": "2199-01-01"}, ("2199-01-01", "2199-01-01")),
    ],
)
async def test_a_period_has_two_ends(admin: Api, query: dict[str, str], period: tuple[str, str]):
    answer = await admin.get(SUMMARY, **query)
    assert (answer.body["since"], answer.body["until"]) == period


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"since": "2026-03-02", "until": "2026-03-01"}, {"#/until": "period"}),
        ({"since": "2025-01-01", "until": "2026-01-02"}, {"#/until": "period"}),
        ({"since": "yesterday"}, {"#/since": "date_from_datetime_parsing"}),
        ({"until": "9999-12-31"}, {"#/until": "out_of_range"}),
        ({"from": "2026-01-01"}, {"#/from": "extra_forbidden"}),
    ],
)
async def test_a_wrong_period_is_named(admin: Api, query: dict[str, str], wrong: dict[str, str]):
    answer = await admin.get(SUMMARY, **query)
    assert (answer.status, answer.wrong_fields()) == (422, wrong)


async def test_strangers_see_no_figures(api: Api):
    assert (await api.get(SUMMARY)).status == 401
