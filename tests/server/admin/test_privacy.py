"""A person's data: exported, erased everywhere, and erased automatically after the retention period."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from schemas.tables import AuditRow, Base, IdempotencyKey, Inquiry, InquiryEvent
from server.cli import purge_all
from services.leads.privacy import Purged, purge
from tests.factories import Row, home, inquiry, store, store_inquiries
from tests.server.conftest import Api, Catalogue

LEADS = "/api/v1/admin/inquiries"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PERSONAL = [("GET", "export", None), ("POST", "erase", {"reason": "request"})]
SECRETS = ("98123", "ravi", "please call", "203.0.113", "browser/1", "evenings", "too dear for", "k-17")
"""Texts in what `a_person` stores, in lower case."""


@pytest.fixture
async def listing(engine: AsyncEngine) -> UUID:
    return (await store(engine, home()))[0]


def everything(property_id: UUID, **columns: Any) -> Row:
    return (
        inquiry(
            property_id,
            message="Please call 98123 45678",
            preferred_contact_time="evenings",
            source="Ravi's link",
            user_agent="Browser/1.0",
            ip_address="203.0.113.7",
            address_key="203.0.113.7/32",
            status="lost",
            lost_reason="too dear for Ravi",
        )
        | columns
    )


async def a_person(engine: AsyncEngine, listing: UUID) -> list[UUID]:
    """Store three leads (phone and email, phone only, email in other case) and their traces."""
    leads = await store_inquiries(
        engine,
        everything(listing),
        everything(listing, email=None),
        everything(listing, phone="+919812300000", email="RAVI.Kumar@example.com"),
    )
    said = [
        ("note", {"text": "Ravi called"}),
        ("message", {"text": "Please call"}),
        ("status", {"from": "new"}),
    ]
    lost = ("status", {"from": "contacted", "to": "lost", "lost_reason": "too dear for Ravi"})
    async with engine.begin() as connection:
        for kind, data in (*said, lost):
            event = {
                "inquiry_id": leads[0],
                "event_type": kind,
                "event_data": data,
                "address_key": "203.0.113.7/32",
            }
            await connection.execute(insert(InquiryEvent).values(event))
        key = {
            "scope": "POST 203.0.113.7/32",
            "key": "k-17",
            "body_sha256": b"x",
            "status": 201,
            "response": b"{}",
        }
        await connection.execute(insert(IdempotencyKey).values(**key, entity_id=leads[0]))
    return leads


async def others(engine: AsyncEngine, listing: UUID) -> list[UUID]:
    """Store two leads without an email and one with another email."""
    return await store_inquiries(
        engine,
        inquiry(listing, full_name="Asha", phone="+919800000001", email=None),
        inquiry(listing, full_name="Bina", phone="+919800000002", email=None),
        inquiry(listing, full_name="Chand", phone="+919800000003", email="chand@example.com"),
    )


async def in_the_database(engine: AsyncEngine) -> str:
    """Return every row of every table as text."""
    async with engine.connect() as connection:
        tables = [
            (
                await connection.execute(text(f"SELECT string_agg(t::text, E'\\n') FROM {table} t"))
            ).scalar_one()
            for table in Base.metadata.tables
        ]
    return "\n".join(filter(None, tables)).lower()


async def test_all_that_is_held_of_a_person_is_handed_out(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    leads = await a_person(engine, listing)
    await others(engine, listing)
    answer = await super_admin.get(f"{LEADS}/{leads[1]}/export")
    assert answer.status == 200
    held = (await super_admin.get(f"{LEADS}/{leads[0]}/export")).body
    assert [row["id"] for row in held["inquiries"]] == [str(lead) for lead in leads]
    first = held["inquiries"][0]
    assert {name: first[name] for name in ("full_name", "phone", "email", "message", "ip_address")} == {
        "full_name": "Ravi Kumar",
        "phone": "+919812345678",
        "email": "ravi.kumar@example.com",
        "message": "Please call 98123 45678",
        "ip_address": "203.0.113.7",
    }
    assert [event["event_type"] for event in held["events"]] == ["note", "message", "status", "status"]
    assert [key["key"] for key in held["idempotency_keys"]] == ["k-17"]
    assert [(row["action"], row["entity_id"]) for row in held["audit"]] == [
        ("inquiry.export", str(leads[1])),
        ("inquiry.export", str(leads[0])),
    ]


async def test_the_person_of_a_lead_by_email_alone_is_the_same(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    leads = await a_person(engine, listing)
    held = (await super_admin.get(f"{LEADS}/{leads[2]}/export")).body
    assert [row["id"] for row in held["inquiries"]] == [str(leads[0]), str(leads[2])]


async def test_an_erasure_leaves_nothing_of_the_person_anywhere(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    leads = await a_person(engine, listing)
    before = await in_the_database(engine)
    assert [secret for secret in SECRETS if secret not in before] == []
    answer = await super_admin.post(f"{LEADS}/{leads[0]}/erase", {"reason": "request"})
    assert (answer.status, answer.body["reason"]) == (200, "request")
    assert sorted(answer.body["erased"]) == sorted(str(lead) for lead in leads)
    after = await in_the_database(engine)
    assert [secret for secret in SECRETS if secret in after] == []


async def test_an_erasure_leaves_others_and_the_counts(super_admin: Api, engine: AsyncEngine, listing: UUID):
    leads = await a_person(engine, listing)
    await others(engine, listing)
    total = (await super_admin.get(LEADS)).body["total"]
    await super_admin.post(f"{LEADS}/{leads[1]}/erase", {"reason": "request"})
    rows = (await super_admin.get(LEADS)).body
    assert rows["total"] == total
    assert {row["full_name"] for row in rows["items"]} == {None, "Ravi Kumar", "Asha", "Bina", "Chand"}
    assert {row["id"] for row in rows["items"] if row["erased_at"]} == {str(leads[0]), str(leads[1])}


async def test_who_left_no_email_is_not_everybody_without_one(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    asha, bina, chand = await others(engine, listing)
    for lead in (asha, chand):
        answer = await super_admin.post(f"{LEADS}/{lead}/erase", {"reason": "request"})
        assert answer.body["erased"] == [str(lead)]
    rows = (await super_admin.get(LEADS)).body["items"]
    assert {row["id"] for row in rows if row["erased_at"] is None} == {str(bina)}


async def test_an_erased_lead_is_shown_without_its_person(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    leads = await a_person(engine, listing)
    await super_admin.post(f"{LEADS}/{leads[0]}/erase", {"reason": "consent_withdrawn"})
    lead = (await super_admin.get(f"{LEADS}/{leads[0]}")).body
    personal = ("full_name", "phone", "email", "preferred_contact_time", "source", "user_agent", "ip_address")
    assert {lead[name] for name in personal} == {None}
    assert (lead["message"], lead["lost_reason"], lead["status"]) == ("", "(erased)", "lost")
    assert [event["event_data"] for event in lead["events"]] == [
        {"erased": True}, {"erased": True}, {"from": "new"}, {"erased": True},
    ]  # fmt: skip
    assert (await super_admin.get(LEADS, q="ravi")).body["total"] == 0
    assert (await super_admin.get(LEADS, q="98123 45678")).body["total"] == 0


async def test_an_erasure_is_audited_without_the_person_and_once(
    super_admin: Api, engine: AsyncEngine, listing: UUID
):
    [_, lead, _] = await others(engine, listing)
    answers = [await super_admin.post(f"{LEADS}/{lead}/erase", {"reason": "request"}) for _ in range(2)]
    assert [answer.body["erased"] for answer in answers] == [[str(lead)], []]
    async with engine.connect() as connection:
        rows = await connection.execute(select(AuditRow.action, AuditRow.entity_id, AuditRow.changes))
        assert [tuple(row) for row in rows] == [("inquiry.erase", str(lead), {"reason": [None, "request"]})]


@pytest.mark.parametrize(
    "change",
    [
        ("PATCH", "status", {"status": "contacted"}),
        ("PATCH", "assignment", {"assigned_to": None}),
        ("POST", "notes", {"text": "Ravi, 98123 45678"}),
    ],
)
async def test_an_erased_lead_takes_nothing_more(
    super_admin: Api, engine: AsyncEngine, listing: UUID, change: tuple[str, str, Any]
):
    method, path, body = change
    [lead, *_] = await others(engine, listing)
    await super_admin.post(f"{LEADS}/{lead}/erase", {"reason": "request"})
    answer = await super_admin.write(method, f"{LEADS}/{lead}/{path}", body)
    assert (answer.status, answer.body["code"]) == (409, "conflict")


async def test_redis_and_the_index_hold_nothing_of_a_person(
    api: Api, catalogue: Catalogue, search: AsyncOpenSearch, cache: Redis
):
    [listing] = await catalogue.store(home())
    sent = {
        "property_id": str(listing), "full_name": "Ravi Kumar", "phone": "98123 45678", "consent": True,
        "email": "ravi.kumar@example.com", "message": "please call", "consent_text_version": "2026-01",
    }  # fmt: skip
    answer = await api.post("/api/v1/inquiries", sent, idempotency_key="k-17")
    assert answer.status == 201
    await catalogue.sync_index()
    documents = await search.search(index=catalogue.alias, body={"query": {"match_all": {}}})
    assert documents["hits"]["total"]["value"] == 1
    held = str(documents).lower() + await in_redis(cache)
    assert [secret for secret in SECRETS if secret in held] == []


async def in_redis(cache: Redis) -> str:
    kept = [(key, await cache.dump(key)) async for key in cache.scan_iter()]
    return str(kept).lower()


@pytest.mark.parametrize("asked", PERSONAL)
async def test_personal_data_is_for_super_admins(
    admin: Api, engine: AsyncEngine, listing: UUID, asked: tuple[str, str, Any]
):
    method, path, body = asked
    [lead, *_] = await others(engine, listing)
    assert (await admin.write(method, f"{LEADS}/{lead}/{path}", body)).status == 403


@pytest.mark.parametrize("lead", ["17", "019b76da-b0c9-7017-9695-9a03e802027d"])
@pytest.mark.parametrize("asked", PERSONAL)
async def test_of_nobody_nothing_is_found(super_admin: Api, lead: str, asked: tuple[str, str, Any]):
    method, path, body = asked
    assert (await super_admin.write(method, f"{LEADS}/{lead}/{path}", body)).status == 404


@pytest.mark.parametrize("body", [{}, {"reason": "Ravi asked"}, {"reason": "request", "note": "x"}])
async def test_a_reason_is_one_of_a_list(super_admin: Api, body: Any):
    assert (await super_admin.post(f"{LEADS}/{uuid4()}/erase", body)).status == 422


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inquiries SET erased_at = now()",
        "UPDATE inquiries SET phone = NULL",
        "UPDATE inquiries SET full_name = NULL",
    ],
)
async def test_the_database_knows_erased_from_unknown(engine: AsyncEngine, listing: UUID, statement: str):
    await others(engine, listing)
    with pytest.raises(Exception, match=r"ck_inquiries_(erased|contact)"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))


# Retention


async def purged(engine: AsyncEngine, settings: Settings, now: datetime = NOW) -> Purged:
    async with AsyncSession(engine) as session, session.begin():
        return await purge(session, settings, now)


async def test_what_is_past_its_time_is_erased(engine: AsyncEngine, settings: Settings, listing: UUID):
    days = {"fresh": 29, "month": 31, "touched": 400, "old": 366}
    rows = [
        everything(
            listing,
            full_name=name,
            created_at=NOW - timedelta(days=age),
            updated_at=NOW - timedelta(days=age),
        )
        for name, age in days.items()
    ]
    rows[2]["updated_at"] = NOW - timedelta(days=364)
    await store_inquiries(engine, *rows)
    assert await purged(engine, settings) == Purged(leads=1, addresses=2, keys=0)
    assert await purged(engine, settings) == Purged(leads=0, addresses=0, keys=0)
    columns = (Inquiry.full_name, func.host(Inquiry.ip_address), Inquiry.erased_at.is_not(None))
    async with engine.connect() as connection:
        found = await connection.execute(select(*columns).order_by(Inquiry.created_at.desc()))
        assert [tuple(row) for row in found] == [
            ("fresh", "203.0.113.7", False),
            ("month", None, False),
            (None, None, True),
            ("touched", None, False),
        ]
        audit = await connection.execute(select(AuditRow.actor, AuditRow.action, AuditRow.changes))
        assert [tuple(row) for row in audit] == [("retention", "inquiry.purge", {"leads": [None, 1]})]


async def test_keys_and_addresses_of_messages_go_too(engine: AsyncEngine, settings: Settings, listing: UUID):
    await a_person(engine, listing)
    assert await purged(engine, settings, datetime.now(UTC) + timedelta(hours=23)) == Purged(0, 0, 0)
    assert await purged(engine, settings, datetime.now(UTC) + timedelta(days=31)) == Purged(0, 3 + 4, 1)
    assert "203.0.113" not in await in_the_database(engine)


async def test_a_purge_goes_batch_by_batch(engine: AsyncEngine, settings: Settings, listing: UUID):
    old = NOW - timedelta(days=400)
    many = f"""
        INSERT INTO inquiries
            (property_id, full_name, phone, consent_text_version, consented_at, created_at, updated_at)
        SELECT '{listing}', 'Ravi', '+919812345678', '1', now(), at, at
        FROM generate_series(1, 1001), (SELECT '{old}'::timestamptz AS at) AS times
    """
    async with engine.begin() as connection:
        await connection.execute(text(many))
    first = await purged(engine, settings)
    assert (first, first.more) == (Purged(1_000, 0, 0), True)
    assert await purge_all(settings) == Purged(1, 0, 0)
    assert await purge_all(settings) == Purged()


async def test_a_lead_that_is_being_worked_on_waits(engine: AsyncEngine, settings: Settings, listing: UUID):
    old = NOW - timedelta(days=400)
    await store_inquiries(engine, inquiry(listing, created_at=old, updated_at=old))
    async with engine.connect() as holder:
        await holder.execute(select(Inquiry.id).with_for_update())
        assert await purged(engine, settings) == Purged(0, 0, 0)
        await holder.rollback()
    assert await purged(engine, settings) == Purged(1, 0, 0)
