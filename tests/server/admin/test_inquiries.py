"""Leads in the admin API: found, read, moved, assigned, annotated and exported."""

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.states.inquiry_flow import MOVES
from schemas.tables import AuditRow, Inquiry, InquiryEvent, Property
from schemas.vocabulary import InquiryStatus
from tests.factories import home, inquiry, store, store_inquiries, store_user
from tests.locks import until_waiting
from tests.server.conftest import Api

LEADS = "/api/v1/admin/inquiries"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
async def listing(engine: AsyncEngine) -> UUID:
    return (await store(engine, home("Garden flat")))[0]


async def names(api: Api, **query: Any) -> list[str]:
    """Return the names in the list, in order; fail if the total differs."""
    answer = await api.get(LEADS, **query)
    assert answer.status == 200, answer.body
    found = [item["full_name"] for item in answer.body["items"]]
    if "page" not in query:
        assert (answer.body["total"], answer.body["total_is_exact"]) == (len(found), True)
    return found


async def audited(engine: AsyncEngine) -> list[tuple[str, str, dict[str, Any]]]:
    columns = (AuditRow.action, AuditRow.entity_id, AuditRow.changes)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(AuditRow.id))]


def seen(lead: UUID) -> tuple[str, str, dict[str, Any]]:
    """Return the audit row of a response that shows a lead in full."""
    return ("inquiry.view", str(lead), {})


async def events(engine: AsyncEngine) -> list[tuple[str, dict[str, Any]]]:
    columns = (InquiryEvent.event_type, InquiryEvent.event_data)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(InquiryEvent.id))]


# Lists


async def test_a_list_masks_contact_data(admin: Api, engine: AsyncEngine, listing: UUID):
    colleague = await store_user(engine, email="b@casabricks.example", full_name="Bina Das")
    [lead] = await store_inquiries(
        engine, inquiry(listing, created_at=NOON, assigned_to=colleague, source="page", message="Call me")
    )
    answer = await admin.get(LEADS)
    assert answer.body == {
        "items": [
            {
                "id": str(lead),
                "property_id": str(listing),
                "property_title": "Garden flat",
                "full_name": "Ravi Kumar",
                "phone": "******5678",
                "email": "r***@example.com",
                "inquiry_type": "general",
                "status": "new",
                "is_spam": False,
                "assigned_to": {"id": str(colleague), "full_name": "Bina Das"},
                "source": "page",
                "created_at": "2026-03-10T12:00:00Z",
                "first_contacted_at": None,
                "first_contact_s": None,
                "erased_at": None,
            }
        ],
        "total": 1,
        "page": 1,
        "page_size": 20,
        "next_cursor": None,
        "total_is_exact": True,
    }
    assert answer.headers["cache-control"] == "no-store"


async def some_leads(engine: AsyncEngine, listing: UUID) -> tuple[UUID, UUID]:
    """Store five leads and one spam lead, two days apart; return the other listing and the colleague."""
    [other] = await store(engine, home("Tower flat"))
    colleague = await store_user(engine, email="b@casabricks.example")

    def lead(name: str, days: float, **columns: Any) -> dict[str, Any]:
        made = NOON + timedelta(days=days)
        return inquiry(listing, full_name=name, phone=f"+9198123{int(days):05}", created_at=made) | columns

    await store_inquiries(
        engine,
        lead("Asha", 0, status="contacted", first_contacted_at=NOON + timedelta(hours=2)),
        lead("Bina", 2, inquiry_type="visit", assigned_to=colleague),
        lead("Chand", 4, status="lost", lost_reason="bought", first_contacted_at=NOON + timedelta(days=9)),
        lead("Dev", 6, property_id=other, inquiry_type="visit"),
        lead("Esha", 8, assigned_to=colleague, inquiry_type="price"),
        lead("Junk", 9, is_spam=True),
    )
    return other, colleague


def at(days: float) -> str:
    return (NOON + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "Esha Dev Chand Bina Asha"),
        ({"sort": "oldest"}, "Asha Bina Chand Dev Esha"),
        ({"sort": "first_contact_wait"}, "Bina Dev Esha Chand Asha"),
        ({"status": "new"}, "Esha Dev Bina"),
        ({"status": ["lost", "contacted"]}, "Chand Asha"),
        ({"status": ["lost", "contacted"], "sort": "oldest"}, "Asha Chand"),
        ({"inquiry_type": ["visit", "price"]}, "Esha Dev Bina"),
        ({"unassigned": "true"}, "Dev Chand Asha"),
        ({"spam": "true"}, "Junk"),
        ({"spam": "true", "status": "lost"}, ""),
        ({"since": at(4)}, "Esha Dev Chand"),
        ({"since": at(4.1)}, "Esha Dev"),
        ({"until": at(4)}, "Bina Asha"),
        ({"until": at(4.1)}, "Chand Bina Asha"),
        ({"since": at(2), "until": at(6)}, "Chand Bina"),
        ({"since": at(2), "until": at(2.1)}, "Bina"),
        ({"since": at(1.6), "until": at(2.3)}, "Bina"),
        ({"since": at(2.5), "until": at(3.5)}, ""),
        ({"since": at(1.5), "until": at(2.5)}, "Bina"),
        ({"since": "2026-03-10T17:30:00+05:30", "status": "contacted"}, "Asha"),
        ({"since": "2026-03-10T17:30:01+05:30", "status": "contacted"}, ""),
        ({"inquiry_type": "visit", "unassigned": "true", "status": "new", "since": at(1)}, "Dev"),
        ({"q": " "}, "Esha Dev Chand Bina Asha"),
        ({"q": "\u200e"}, "Esha Dev Chand Bina Asha"),
        ({"q": "asha"}, "Asha"),
        ({"q": "e"}, "Esha"),
        ({"q": "e", "status": "lost"}, ""),
        ({"q": "98123 00004"}, "Chand"),
        ({"q": "0006"}, "Dev"),
    ],
)  # fmt: skip
async def test_a_list_holds_what_its_filters_leave_in_its_order(
    admin: Api, engine: AsyncEngine, listing: UUID, query: dict[str, Any], expected: str
):
    await some_leads(engine, listing)
    assert await names(admin, **query) == expected.split()
    asked = {name: True if value == "true" else value for name, value in query.items()}
    found = await admin.post(f"{LEADS}/search", asked)
    assert [item["full_name"] for item in found.body["items"]] == expected.split()


async def test_a_list_of_one_listing_or_one_colleague(admin: Api, engine: AsyncEngine, listing: UUID):
    other, colleague = await some_leads(engine, listing)
    assert await names(admin, property_id=str(other)) == ["Dev"]
    assert await names(admin, property_id=str(listing), since=at(1), until=at(5)) == ["Chand", "Bina"]
    assert await names(admin, assigned_to=str(colleague)) == ["Esha", "Bina"]
    assert await names(admin, assigned_to=str(colleague), inquiry_type="price") == ["Esha"]
    assert await names(admin, property_id=str(uuid4())) == []


async def test_pages_follow_each_other(admin: Api, engine: AsyncEngine, listing: UUID):
    await some_leads(engine, listing)
    pages = [await names(admin, page=page, page_size=2) for page in (1, 2, 3, 4)]
    assert pages == [["Esha", "Dev"], ["Chand", "Bina"], ["Asha"], []]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ravi", True),
        ("KUMAR", True),
        ("kum rav", True),
        ("kumar ravi x", False),
        ("avi", False),
        ("ravi.k", True),
        ("RAVI.kumar@exam", True),
        ("ravi_kumar@exam", False),
        ("ravi%@", False),
        ("%", False),
        ("'", False),
        ("ravi'", True),
        ("\\", False),
        ("ravi:* | x", False),
        ("98123 45678", True),
        ("+91 98123-45678", True),
        ("\u202a+91 98123 45678\u202c", True),
        ("98123\u201345678", True),
        ("98123\u201145678", True),
        ("tel:+919812345678", True),
        ("tel:98123", True),
        ("\u200fravi\u200b", True),
        ("mailto:ravi.kumar@example.com", True),
        (" RAVI.kumar@exam\u200b", True),
        ("0 98123 45678", True),
        ("00919812345678", True),
        ("98123", True),
        ("+9198", True),
        ("45678", True),
        ("(98123)", True),
        ("4567", False),
        ("9812", True),
        ("981", False),
    ],
)
async def test_people_are_found_by_name_phone_or_email(
    admin: Api, engine: AsyncEngine, listing: UUID, q: str, found: bool
):
    await store_inquiries(engine, inquiry(listing))
    assert await names(admin, q=q) == (["Ravi Kumar"] if found else [])


@pytest.mark.parametrize(
    ("full_name", "q"),
    [
        ("रवि शर्मा", "शर्म"),
        ("ÉLODIE Brontë", "élodie bront"),
        ("O'Neil-Das", "neil das"),
        ("Mary  Ann", "ann mary"),
        ("a\\b", "a b"),
        ("李 雷", "雷"),
        ("José", "Jose\u0301"),
        ("पहा\u0921\u093cी", "पहा\u095cी"),
    ],
)
async def test_names_of_all_scripts_are_found(
    admin: Api, engine: AsyncEngine, listing: UUID, full_name: str, q: str
):
    await store_inquiries(engine, inquiry(listing, full_name=full_name))
    assert await names(admin, q=q) == [full_name]


async def test_a_search_that_finds_too_much_says_so(admin: Api, engine: AsyncEngine, listing: UUID):
    await store_many(engine, listing, 5_001)
    answers = [await admin.get(LEADS, q="many", page_size=50, page=page) for page in (1, 4, 5)]
    assert [answer.status for answer in answers] == [200, 200, 422]
    assert [(a.body["total"], a.body["total_is_exact"]) for a in answers[:2]] == [(5_000, False)] * 2
    shown = [item["full_name"] for answer in answers[:2] for item in answer.body["items"]]
    assert shown == [f"Many {n}" for n in (*range(1, 51), *range(151, 201))]
    assert answers[2].wrong_fields() == {"#/page": "page_too_deep"}


async def test_a_long_list_is_walked_in_its_order(admin: Api, engine: AsyncEngine, listing: UUID):
    await store_many(engine, listing, 5_001)
    newest = await admin.get(LEADS, page=100, page_size=50)
    oldest = await admin.get(LEADS, page=100, page_size=50, sort="oldest")
    assert (newest.body["total"], newest.body["total_is_exact"]) == (5_001, True)
    assert [item["full_name"] for item in newest.body["items"]] == [f"Many {n}" for n in range(4_951, 5_001)]
    assert oldest.body["items"][-1]["full_name"] == "Many 2"


async def store_many(engine: AsyncEngine, listing: UUID, count: int) -> None:
    """Store leads named `Many 1` (the newest) to `Many {count}`, one second apart."""
    many = f"""
        INSERT INTO inquiries (property_id, full_name, phone, consent_text_version, consented_at, created_at)
        SELECT '{listing}', 'Many ' || n, '+919812345678', '2026-01', now(), now() - n * interval '1 s'
        FROM generate_series(1, {count}) n
    """
    async with engine.begin() as connection:
        await connection.execute(text(many))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"status": "won"}, {"#/status/0": "enum"}),
        ({"property_id": "17"}, {"#/property_id": "uuid_parsing"}),
        ({"since": "2026-01-01T00:00:00"}, {"#/since": "timezone_aware"}),
        ({"since": "0001-01-01T00:00:00+14:00"}, {"#/since": "out_of_range"}),
        ({"until": "9999-12-31T23:59:59-14:00"}, {"#/until": "out_of_range"}),
        ({"since": at(1), "until": at(1)}, {"#/until": "reversed_range"}),
        ({"unassigned": "true", "assigned_to": str(UUID(int=1))}, {"#": "given_twice"}),
        ({"page": 0}, {"#/page": "greater_than_equal"}),
        ({"page": 501}, {"#/page": "page_too_deep"}),
        ({"page_size": 101}, {"#/page_size": "less_than_equal"}),
        ({"sort": "name"}, {"#/sort": "enum"}),
        ({"q": "x" * 101}, {"#/q": "string_too_long"}),
        ({"assigned_to": "nobody"}, {"#/assigned_to": "colleague"}),
        ({"name": "x"}, {"#/name": "extra_forbidden"}),
    ],
)
async def test_a_wrong_filter_is_named(admin: Api, query: dict[str, Any], wrong: dict[str, str]):
    answer = await admin.get(LEADS, **query)
    assert (answer.status, answer.wrong_fields()) == (422, wrong)


async def test_a_search_is_read_strictly(admin: Api):
    wrong = {
        "since": 1_700_000_000,
        "until": "2026-01-01",
        "unassigned": "true",
        "page": "1",
        "assigned_to": 7,
    }
    answer = await admin.post(f"{LEADS}/search", wrong)
    assert answer.status == 422
    assert answer.wrong_fields() == {
        "#/since": "datetime_type",
        "#/until": "timezone_aware",
        "#/unassigned": "bool_type",
        "#/page": "int_type",
        "#/assigned_to": "colleague",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("GET", f"/{UUID(int=1)}"), ("PATCH", f"/{UUID(int=1)}/status"),
        ("PATCH", f"/{UUID(int=1)}/assignment"), ("POST", f"/{UUID(int=1)}/notes"), ("GET", ".csv"),
        ("PATCH", f"/{UUID(int=1)}/spam"), ("POST", "/search"),
        ("GET", f"/{UUID(int=1)}/export"), ("POST", f"/{UUID(int=1)}/erase"),
    ],
)  # fmt: skip
async def test_strangers_see_nothing(api: Api, method: str, path: str):
    assert (await api.ask(method, LEADS + path)).status == 401


# One lead


async def test_a_lead_is_shown_in_full_and_the_audit_says_to_whom(
    admin: Api, engine: AsyncEngine, listing: UUID
):
    [lead] = await store_inquiries(
        engine,
        inquiry(
            listing, created_at=NOON, updated_at=NOON, consented_at=NOON, ip_address="203.0.113.7",
            address_key="203.0.113.7", user_agent="Browser/1.0", preferred_contact_time="evenings",
        ),
    )  # fmt: skip
    answer = await admin.get(f"{LEADS}/{lead}")
    assert answer.body == {
        "id": str(lead),
        "property": {
            "id": str(listing),
            "title": "Garden flat",
            "locality": "Sector 62",
            "state": "active",
            "price": 12_000_000,
            "listing_type": "sale",
        },
        "full_name": "Ravi Kumar",
        "phone": "+919812345678",
        "email": "ravi.kumar@example.com",
        "message": "Is it still free?",
        "preferred_contact_time": "evenings",
        "inquiry_type": "general",
        "status": "new",
        "allowed": ["contacted"],
        "lost_reason": None,
        "is_spam": False,
        "assigned_to": None,
        "source": None,
        "user_agent": "Browser/1.0",
        "ip_address": "203.0.113.7",
        "consent_text_version": "2026-01",
        "consented_at": "2026-03-10T12:00:00Z",
        "created_at": "2026-03-10T12:00:00Z",
        "updated_at": "2026-03-10T12:00:00Z",
        "first_contacted_at": None,
        "first_contact_s": None,
        "erased_at": None,
        "events": [],
    }
    assert await audited(engine) == [("inquiry.view", str(lead), {})]


@pytest.mark.parametrize("lead", ["17", "inquiries.csv", "%00", str(UUID(int=1))])
@pytest.mark.parametrize(
    "asked",
    [
        ("GET", "", None),
        ("PATCH", "/status", {"status": "contacted"}),
        ("PATCH", "/assignment", {"assigned_to": None}),
        ("PATCH", "/spam", {"is_spam": True}),
        ("POST", "/notes", {"text": "x"}),
    ],
)
async def test_a_lead_that_is_not_there_is_not_found(
    admin: Api, engine: AsyncEngine, lead: str, asked: tuple[str, str, Any]
):
    method, path, body = asked
    answer = await admin.write(method, f"{LEADS}/{lead}{path}", body)
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert await audited(engine) == []


# Status


def change_to(status: str) -> dict[str, str]:
    return {"status": status} | ({"lost_reason": "bought elsewhere"} if status == "lost" else {})


async def lead_of(engine: AsyncEngine, listing: UUID, status: str) -> UUID:
    reason = "bought elsewhere" if status == "lost" else None
    [lead] = await store_inquiries(engine, inquiry(listing, status=status, lost_reason=reason))
    return lead


@pytest.mark.parametrize("to", InquiryStatus)
@pytest.mark.parametrize("status", InquiryStatus)
async def test_a_lead_moves_as_the_table_says(
    admin: Api, engine: AsyncEngine, listing: UUID, status: InquiryStatus, to: InquiryStatus
):
    lead = await lead_of(engine, listing, status)
    answer = await admin.patch(f"{LEADS}/{lead}/status", change_to(to))
    if to == status:
        assert (answer.status, answer.body["status"], await events(engine)) == (200, status, [])
        assert await audited(engine) == [seen(lead)]
    elif to in MOVES[status]:
        assert (answer.status, answer.body["status"]) == (200, to)
        reason = {"lost_reason": "bought elsewhere"} if to == "lost" else {}
        assert await events(engine) == [("status", {"from": status, "to": to} | reason)]
        assert await audited(engine) == [("inquiry.status", str(lead), {"status": [status, to]}), seen(lead)]
    else:
        assert (answer.status, answer.body["code"]) == (409, "conflict")
        assert (answer.body["current"], answer.body["allowed"]) == (status, list(MOVES[status]))
        assert (await events(engine), await audited(engine)) == ([], [])


async def test_the_first_contact_is_remembered(admin: Api, engine: AsyncEngine, listing: UUID):
    made = datetime.now(UTC) - timedelta(hours=1)
    [lead] = await store_inquiries(engine, inquiry(listing, created_at=made))
    first = (await admin.patch(f"{LEADS}/{lead}/status", change_to("contacted"))).body
    assert 3_600 <= first["first_contact_s"] <= 3_660
    [event] = first["events"]
    assert event["actor"]["full_name"] == "Asha Rao"
    later = (await admin.patch(f"{LEADS}/{lead}/status", change_to("qualified"))).body
    assert later["first_contacted_at"] == first["first_contacted_at"]


async def test_a_lead_that_came_back_keeps_its_first_contact(admin: Api, engine: AsyncEngine, listing: UUID):
    bina = await store_user(engine, email="b@casabricks.example")
    [lead] = await store_inquiries(
        engine,
        inquiry(
            listing, created_at=NOON, first_contacted_at=NOON + timedelta(hours=1), first_contacted_by=bina
        ),
    )
    answer = await admin.patch(f"{LEADS}/{lead}/status", change_to("contacted"))
    assert (answer.status, answer.body["first_contact_s"]) == (200, 3_600)
    async with engine.connect() as connection:
        assert await connection.scalar(select(Inquiry.first_contacted_by)) == bina


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"status": "lost"}, {"#/lost_reason": "lost_reason"}),
        ({"status": "lost", "lost_reason": " "}, {"#/lost_reason": "blank"}),
        ({"status": "contacted", "lost_reason": "x"}, {"#/lost_reason": "lost_reason"}),
        ({"status": "won"}, {"#/status": "enum"}),
        ({}, {"#/status": "missing"}),
    ],
)
async def test_a_wrong_status_is_named(admin: Api, body: Any, wrong: dict[str, str]):
    answer = await admin.patch(f"{LEADS}/{uuid4()}/status", body)
    assert (answer.status, answer.wrong_fields()) == (422, wrong)


async def test_a_lost_lead_keeps_its_reason(admin: Api, engine: AsyncEngine, listing: UUID):
    lead = await lead_of(engine, listing, "lost")
    answer = await admin.patch(f"{LEADS}/{lead}/status", {"status": "lost", "lost_reason": "too dear"})
    assert (answer.status, answer.body["allowed"]) == (409, [])


async def test_of_two_admins_at_once_one_moves_the_lead(admin: Api, engine: AsyncEngine, listing: UUID):
    """Both admins have read `contacted`; a lock holds their writes until all of them wait."""
    lead = await lead_of(engine, listing, "contacted")
    async with engine.connect() as holder:
        await holder.execute(select(Inquiry.id).where(Inquiry.id == lead).with_for_update())
        wanted = [change_to("qualified"), change_to("lost"), change_to("lost"), change_to("qualified")]
        asked = [asyncio.create_task(admin.patch(f"{LEADS}/{lead}/status", body)) for body in wanted]
        await until_waiting(engine, 4)
        await holder.rollback()
        answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [200, 200, 409, 409]
    assert len(await events(engine)) == 1


# Assignment and notes


async def test_a_lead_is_given_to_a_colleague_and_back(admin: Api, engine: AsyncEngine, listing: UUID):
    lead = await lead_of(engine, listing, "new")
    bina = str(await store_user(engine, email="b@casabricks.example", full_name="Bina Das"))
    given = [await admin.patch(f"{LEADS}/{lead}/assignment", {"assigned_to": bina}) for _ in range(2)]
    assert [(a.status, a.body["assigned_to"]) for a in given] == [
        (200, {"id": bina, "full_name": "Bina Das"})
    ] * 2
    back = await admin.patch(f"{LEADS}/{lead}/assignment", {"assigned_to": None})
    assert (back.status, back.body["assigned_to"]) == (200, None)
    assert await events(engine) == [
        ("assignment", {"from": None, "to": bina}),
        ("assignment", {"from": bina, "to": None}),
    ]
    assert [event["event_data"] for event in back.body["events"]] == [
        {"from": None, "to": bina, "from_name": None, "to_name": "Bina Das"},
        {"from": bina, "to": None, "from_name": "Bina Das", "to_name": None},
    ]
    given, taken = {"assigned_to": [None, bina]}, {"assigned_to": [bina, None]}
    assert await audited(engine) == [
        ("inquiry.assignment", str(lead), given),
        seen(lead),
        seen(lead),
        ("inquiry.assignment", str(lead), taken),
        seen(lead),
    ]


@pytest.mark.parametrize("colleague", ["nobody", "inactive"])
async def test_a_lead_goes_to_active_admins_only(
    admin: Api, engine: AsyncEngine, listing: UUID, colleague: str
):
    lead = await lead_of(engine, listing, "new")
    gone = await store_user(engine, email="b@casabricks.example", is_active=False)
    user_id = gone if colleague == "inactive" else uuid4()
    answer = await admin.patch(f"{LEADS}/{lead}/assignment", {"assigned_to": str(user_id)})
    assert (answer.status, answer.wrong_fields()) == (422, {"#/assigned_to": "not_an_active_admin"})
    assert (await events(engine), await audited(engine)) == ([], [])


# Spam


async def counted(engine: AsyncEngine, listing: UUID) -> int:
    async with engine.connect() as connection:
        found = await connection.execute(select(Property.inquiry_count).where(Property.id == listing))
        return found.scalar_one()


async def test_spam_is_taken_back_and_set_by_hand(admin: Api, engine: AsyncEngine, listing: UUID):
    [lead] = await store_inquiries(engine, inquiry(listing, is_spam=True))
    for is_spam, count in ((False, 1), (True, 0)):
        for _ in range(2):  # the second request is a no-op
            answer = await admin.patch(f"{LEADS}/{lead}/spam", {"is_spam": is_spam})
            assert (answer.status, answer.body["is_spam"]) == (200, is_spam)
            assert await counted(engine, listing) == count
        assert (len(await names(admin)), len(await names(admin, spam="true"))) == (count, 1 - count)
    back, again = ({"is_spam": [True, False]}, {"is_spam": [False, True]})
    assert await audited(engine) == [
        ("inquiry.spam", str(lead), back), seen(lead), seen(lead),
        ("inquiry.spam", str(lead), again), seen(lead), seen(lead),
    ]  # fmt: skip


async def test_spam_that_two_take_back_at_once_counts_once(admin: Api, engine: AsyncEngine, listing: UUID):
    [lead] = await store_inquiries(engine, inquiry(listing, is_spam=True))
    marks = (admin.patch(f"{LEADS}/{lead}/spam", {"is_spam": False}) for _ in range(4))
    answers = await asyncio.gather(*marks)
    assert ([answer.status for answer in answers], await counted(engine, listing)) == ([200] * 4, 1)


@pytest.mark.parametrize("body", [{}, {"is_spam": None}, {"is_spam": "false"}, {"is_spam": 0}])
async def test_a_wrong_mark_is_refused(admin: Api, body: dict[str, Any]):
    assert (await admin.patch(f"{LEADS}/{uuid4()}/spam", body)).status == 422


# Colleagues


async def test_everybody_sees_whom_a_lead_can_go_to(admin: Api, engine: AsyncEngine):
    bina = await store_user(engine, email="b@casabricks.example", full_name="bina Das")
    await store_user(engine, email="c@casabricks.example", full_name="Chand", is_active=False)
    me = (await admin.get("/api/v1/auth/me")).body["id"]
    answer = await admin.get("/api/v1/admin/colleagues")
    assert (answer.status, answer.body) == (
        200,
        {"items": [{"id": me, "full_name": "Asha Rao"}, {"id": str(bina), "full_name": "bina Das"}]},
    )


async def test_leads_of_mine_and_of_those_who_left_are_found(admin: Api, engine: AsyncEngine, listing: UUID):
    me = (await admin.get("/api/v1/auth/me")).body["id"]
    left = await store_user(engine, email="c@casabricks.example", is_active=False)
    await store_inquiries(
        engine,
        inquiry(listing, full_name="Mine", assigned_to=me),
        inquiry(listing, full_name="Left", assigned_to=left),
        inquiry(listing, full_name="Lost", assigned_to=left, status="lost", lost_reason="bought"),
        inquiry(listing, full_name="Nobody's"),
    )
    assert await names(admin, assigned_to="me") == ["Mine"]
    assert await names(admin, assigned_to="inactive", sort="oldest") == ["Left", "Lost"]
    assert await names(admin, assigned_to="inactive", status="new", q="le") == ["Left"]
    assert [row["full_name"] for row in await rows_of(admin, assigned_to="me")] == ["Mine"]
    found = await admin.post(f"{LEADS}/search", {"assigned_to": "me"})
    assert [item["full_name"] for item in found.body["items"]] == ["Mine"]


async def test_a_note_stays_with_the_lead_and_out_of_the_audit(
    admin: Api, engine: AsyncEngine, listing: UUID
):
    lead = await lead_of(engine, listing, "new")
    answer = await admin.post(f"{LEADS}/{lead}/notes", {"text": " Call 98123 45678 "})
    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        "event_type": "note",
        "event_data": {"text": "Call 98123 45678"},
        "actor": {"id": answer.body["actor"]["id"], "full_name": "Asha Rao"},
        "created_at": answer.body["created_at"],
    }
    assert (await admin.get(f"{LEADS}/{lead}")).body["events"] == [answer.body]
    assert (await audited(engine))[0] == ("inquiry.note", str(lead), {})


@pytest.mark.parametrize(
    "note", [{}, {"text": ""}, {"text": "x" * 2_001}, {"text": None}, {"text": "x", "a": 1}]
)
async def test_a_wrong_note_is_refused(admin: Api, note: dict[str, Any]):
    assert (await admin.post(f"{LEADS}/{uuid4()}/notes", note)).status == 422


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM inquiry_events",
        """UPDATE inquiry_events SET event_data = '{"text": "another"}'""",
        "UPDATE inquiry_events SET created_at = now()",
        "UPDATE inquiry_events SET actor_id = NULL",
        "UPDATE inquiry_events SET address_key = '203.0.113.7'",
        "DELETE FROM inquiries",
    ],
)
async def test_events_cannot_be_altered(admin: Api, engine: AsyncEngine, listing: UUID, statement: str):
    lead = await lead_of(engine, listing, "new")
    await admin.post(f"{LEADS}/{lead}/notes", {"text": "x"})
    with pytest.raises(Exception, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))


# Counts


@trying(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.sampled_from(
            [
                "SET status = 'contacted' WHERE status = 'new'",
                "SET status = 'new'",
                "SET is_spam = NOT is_spam WHERE full_name < 'C'",
                "SET created_at = created_at + interval '1 day' WHERE full_name > 'B'",
                "SET inquiry_type = 'visit', assigned_to = (SELECT min(id::text)::uuid FROM users)",
                "SET assigned_to = NULL",
                "DELETE WHERE full_name = 'Dev'",
            ]
        ),
        max_size=4,
    )
)
async def test_counts_by_day_follow_every_change(
    engine: AsyncEngine, listing: UUID, some: None, changes: list[str]
):
    async with engine.connect() as connection:
        for change in changes:
            verb, _, where = change.partition(" WHERE ")
            statement = (
                f"DELETE FROM inquiries WHERE {where}" if verb == "DELETE" else f"UPDATE inquiries {change}"
            )
            await connection.execute(text(statement))
        kinds = "is_spam, status, inquiry_type, assigned_to"
        counted = await connection.execute(
            text(f"SELECT day, {kinds}, n FROM inquiry_counts WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5")
        )
        anew = await connection.execute(
            text(
                f"SELECT (created_at AT TIME ZONE 'UTC')::date AS day, {kinds}, count(*) FROM inquiries"
                f" GROUP BY GROUPING SETS ((day, {kinds}), ({kinds})) ORDER BY 1, 2, 3, 4, 5"
            )
        )
        assert counted.fetchall() == anew.fetchall()
        await connection.rollback()


@pytest.fixture
async def some(engine: AsyncEngine, listing: UUID) -> None:
    await some_leads(engine, listing)


# A file for a spreadsheet


async def rows_of(api: Api, **query: Any) -> list[dict[str, str]]:
    answer = await api.get(f"{LEADS}.csv", **query)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


async def test_the_file_holds_leads_in_full(admin: Api, engine: AsyncEngine, listing: UUID):
    [lead] = await store_inquiries(
        engine, inquiry(listing, created_at=NOON, consented_at=NOON, message='Say "hello",\r\nplease')
    )
    assert await rows_of(admin) == [
        {
            "id": str(lead),
            "created_at": "2026-03-10T12:00:00Z",
            "status": "new",
            "lost_reason": "",
            "inquiry_type": "general",
            "full_name": "Ravi Kumar",
            "phone": "'+919812345678",
            "email": "ravi.kumar@example.com",
            "message": 'Say "hello",\r\nplease',
            "preferred_contact_time": "",
            "source": "",
            "is_spam": "False",
            "first_contacted_at": "",
            "first_contact_s": "",
            "consent_text_version": "2026-01",
            "consented_at": "2026-03-10T12:00:00Z",
            "property_id": str(listing),
            "property_title": "Garden flat",
            "assigned_to": "",
        }
    ]


async def test_the_file_says_what_it_is(admin: Api, engine: AsyncEngine):
    answer = await admin.get(f"{LEADS}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="inquiries-20')
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.count(b"\r\n") == 1


async def test_the_file_is_audited_without_what_was_searched_for(
    admin: Api, engine: AsyncEngine, listing: UUID
):
    await rows_of(admin, q="98123 45678", status="new")
    assert await audited(engine) == [("inquiry.csv", "*", {"status": [None, ["new"]], "q": [None, "***"]})]


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1"])
async def test_no_spreadsheet_runs_what_a_visitor_wrote(
    admin: Api, engine: AsyncEngine, listing: UUID, cell: str
):
    await store_inquiries(engine, inquiry(listing, full_name=cell, message=cell, source=cell))
    [row] = await rows_of(admin)
    assert [row[name] for name in ("full_name", "message", "source")] == [f"'{cell}"] * 3


async def test_the_file_follows_the_filters_beyond_one_chunk(admin: Api, engine: AsyncEngine, listing: UUID):
    await some_leads(engine, listing)
    many = [inquiry(listing, full_name=f"Many {n}", phone=f"+9198124{n:05}") for n in range(1_050)]
    await store_inquiries(engine, *many)
    assert [row["full_name"] for row in await rows_of(admin, status=["lost", "contacted"])] == [
        "Chand",
        "Asha",
    ]
    found = await rows_of(admin, q="many")
    assert sorted(row["full_name"] for row in found) == sorted(row["full_name"] for row in many)


async def test_a_wrong_filter_ends_before_the_file_begins(admin: Api, engine: AsyncEngine):
    answer = await admin.get(f"{LEADS}.csv", page=1)
    assert (answer.status, answer.wrong_fields()) == (422, {"#/page": "extra_forbidden"})
    assert await audited(engine) == []


# Fuzzing


@trying(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(min_size=1, max_size=40))
async def test_no_search_ends_in_a_server_error(admin: Api, q: str):
    answer = await admin.get(LEADS, q=q.encode("utf-8", "replace").decode())
    assert answer.status in {200, 422}


JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.lists(st.text(max_size=3), max_size=2)
)


@trying(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["status", "assignment", "spam", "notes"]),
    body=st.dictionaries(
        st.sampled_from(["status", "lost_reason", "assigned_to", "is_spam", "text"]), JSON, max_size=3
    ),
)
async def test_no_change_ends_in_a_server_error(
    admin: Api, engine: AsyncEngine, a_lead: UUID, path: str, body: dict[str, Any]
):
    method = "POST" if path == "notes" else "PATCH"
    headers = {"content-type": "application/json"}
    answer = await admin.ask(method, f"{LEADS}/{a_lead}/{path}", json=body, headers=headers)
    assert answer.status in {200, 201, 400, 409, 422}


@pytest.fixture
async def a_lead(engine: AsyncEngine, listing: UUID) -> UUID:
    return await lead_of(engine, listing, "new")
