"""The inquiry form: accepted, refused, counted, repeated and concurrent requests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.api.inquiries import NewInquiry
from schemas.errors import Overloaded
from schemas.settings import Settings
from schemas.tables import IdempotencyKey, Inquiry, InquiryEvent, OutboxRow, Property
from schemas.vocabulary import InquiryStatus, InquiryType
from server.limits.address_turns import MOST_WAITING, AddressTurns
from services.leads.inquiries import STATED_FIELDS, UNTOUCHED_VALUES, Sender, receive
from tests.factories import home, inquiry, store, store_inquiries
from tests.locks import until_waiting
from tests.server.conftest import Answer, Api, served
from tests.waiting import until

INQUIRIES = "/api/v1/inquiries"
RECEIPT = ["created_at", "id", "status"]
A_DAY, AN_HOUR = timedelta(hours=24), timedelta(hours=1)


@pytest.fixture(scope="module")
async def portal(settings: Settings) -> AsyncIterator[Api]:
    """The API behind a trusted proxy, so that a test can state any client address."""
    async with served(settings.model_copy(update={"trusted_proxy_cidrs": "127.0.0.1/32"}), "portal") as api:
        yield api


def coming_from(api: Api, address: str) -> Api:
    return replace(api, always={"x-forwarded-for": address})


@pytest.fixture
def visitor(portal: Api, engine: AsyncEngine) -> Api:
    return coming_from(portal, "203.0.113.7")


@pytest.fixture
async def listing(engine: AsyncEngine) -> UUID:
    return (await store(engine, home()))[0]


def form(property_id: UUID, **fields: Any) -> dict[str, Any]:
    """Return the form's fields as the page sends them, with changes."""
    return {
        "property_id": str(property_id),
        "full_name": "Ravi Kumar",
        "phone": "98123 45678",
        "consent": True,
        "consent_text_version": "2026-01",
    } | fields


def phones(count: int) -> list[str]:
    return [f"98123{n:05}" for n in range(count)]


async def kept(engine: AsyncEngine, *columns: Any) -> list[Any]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(*columns).select_from(Inquiry).order_by(Inquiry.created_at))
        return [row[0] if len(columns) == 1 else tuple(row) for row in rows]


async def count_of(engine: AsyncEngine, table: Any) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def property_now(engine: AsyncEngine, listing: UUID) -> tuple[int, int, int]:
    """Return the property's count of inquiries, its number of outbox rows, and its version."""
    written = select(func.count()).where(OutboxRow.property_id == listing).scalar_subquery()
    columns = (Property.inquiry_count, written, Property.version)
    async with engine.connect() as connection:
        row = (await connection.execute(select(*columns).where(Property.id == listing))).one()
        return tuple(row)


async def test_an_inquiry_is_kept_as_it_was_meant(visitor: Api, engine: AsyncEngine, listing: UUID):
    sent = form(
        listing,
        full_name="  Ravi Kumar ",
        email="Ravi.Kumar@Example.COM",
        message="Can I see it\r\non Sunday? <b>",
        inquiry_type="visit",
        preferred_contact_time="evenings",
        source="property_page",
        left_blank="",
    )
    answer = await visitor.post(INQUIRIES, sent, user_agent="Browser/1.0" + "x" * 600)
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    columns = (
        Inquiry.id, Inquiry.full_name, Inquiry.phone, Inquiry.email, Inquiry.message, Inquiry.inquiry_type,
        Inquiry.preferred_contact_time, Inquiry.source, Inquiry.status, Inquiry.is_spam, Inquiry.user_agent,
        func.host(Inquiry.ip_address), Inquiry.address_key, Inquiry.consent_text_version,
        Inquiry.consented_at == Inquiry.created_at,
    )  # fmt: skip
    assert await kept(engine, *columns) == [
        (
            UUID(answer.body["id"]), "Ravi Kumar", "+919812345678", "Ravi.Kumar@example.com",
            "Can I see it\r\non Sunday? <b>", "visit", "evenings", "property_page", "new", False,
            "Browser/1.0" + "x" * 489, "203.0.113.7", "203.0.113.7/32", "2026-01", True,
        )
    ]  # fmt: skip
    [created_at] = await kept(engine, Inquiry.created_at)
    assert answer.body == {
        "id": answer.body["id"],
        "status": "new",
        "created_at": f"{created_at:%Y-%m-%dT%H:%M:%SZ}",
    }


async def test_what_a_form_leaves_blank_is_unknown(visitor: Api, engine: AsyncEngine, listing: UUID):
    blank = {"email": " \u200b", "preferred_contact_time": "", "source": " ", "message": "  "}
    assert (await visitor.post(INQUIRIES, form(listing, **blank))).status == 201
    columns = (Inquiry.email, Inquiry.preferred_contact_time, Inquiry.source, Inquiry.message)
    assert await kept(engine, *columns) == [(None, None, None, "")]


async def test_an_inquiry_counts_on_its_property_and_nothing_else_changes(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    await visitor.post(INQUIRIES, form(listing))
    assert await property_now(engine, listing) == (1, 1, 1)


async def test_all_wrong_fields_are_named_at_once(visitor: Api, engine: AsyncEngine):
    wrong = {
        "property_id": "17",
        "full_name": " \u200b ",
        "phone": "12345",
        "email": "ravi@",
        "message": "x" * 2_001,
        "inquiry_type": "swap",
        "preferred_contact_time": 7,
        "consent": False,
        "source": "x" * 101,
        "budget": 1,
    }
    answer = await visitor.post(INQUIRIES, wrong)
    assert answer.status == 422
    assert answer.wrong_fields() == {
        "#/property_id": "uuid_parsing",
        "#/full_name": "blank",
        "#/phone": "phone",
        "#/email": "email",
        "#/message": "string_too_long",
        "#/inquiry_type": "enum",
        "#/preferred_contact_time": "string_type",
        "#/consent": "consent",
        "#/consent_text_version": "missing",
        "#/source": "string_too_long",
        "#/budget": "extra_forbidden",
    }
    assert await count_of(engine, Inquiry) == 0


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("consent", 1, "bool_type"),
        ("consent", "true", "bool_type"),
        ("consent", None, "bool_type"),
        ("full_name", "x" * 121, "string_too_long"),
        ("full_name", "", "blank"),
        ("full_name", None, "string_type"),
        ("phone", 9812345678, "string_type"),
        ("phone", "98123 45678 ext 5", "phone"),
        ("phone", "+1 555", "phone"),
        ("phone", "9" * 41, "string_too_long"),
        ("phone", "=HYPERLINK(1)", "phone"),
        ("email", "a@b", "email"),
        ("email", "a@b.example\r\nBcc: c@d.example", "email"),
        ("email", "a" * 255, "string_too_long"),
        ("consent_text_version", " ", "blank"),
    ],
)
async def test_a_wrong_field_is_named(visitor: Api, field: str, value: Any, code: str):
    answer = await visitor.post(INQUIRIES, form(uuid4(), **{field: value}))
    assert (answer.status, answer.wrong_fields()) == (422, {f"#/{field}": code})


@pytest.mark.parametrize("state", [None, "draft", "inactive", "sold", "expired", "deleted"])
async def test_only_a_live_property_can_be_asked_about(visitor: Api, engine: AsyncEngine, state: str | None):
    listing = uuid4() if state is None else (await store(engine, home(state=state)))[0]
    answer = await visitor.post(INQUIRIES, form(listing))
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert await count_of(engine, Inquiry) == 0


async def test_a_trapped_form_looks_taken_and_is_kept_as_spam(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    answer = await visitor.post(INQUIRIES, form(listing, left_blank="https://spam.example"))
    assert (answer.status, answer.body["status"], sorted(answer.body)) == (201, "new", RECEIPT)
    assert await kept(engine, Inquiry.is_spam) == [True]
    assert await property_now(engine, listing) == (0, 1, 1)


async def test_what_a_browser_fills_in_for_a_person_is_no_spam(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    """An earlier honeypot field was named `website`; browsers may still fill it in."""
    answer = await visitor.post(INQUIRIES, form(listing, website="https://mycompany.example"))
    assert answer.status == 201
    assert await kept(engine, Inquiry.is_spam) == [False]
    assert await property_now(engine, listing) == (1, 1, 1)


COPIED = {
    "\u202a+91 98123 45678\u202c": "ravi@example.com ",
    "\u2068+91\u00a098123\u00a045678\u2069": "\ufeffravi@example.com",
    "98123\u201345678": "ravi@example.com\u200b",
    "98123\u201145678": "\u200eravi@example.com\t",
    "tel:+919812345678": "mailto:ravi@example.com",
    "Tel: 098123\u200b45678": "ravi@example\u00ad.com\r\n",
}


@pytest.mark.parametrize(("phone", "email"), COPIED.items())
async def test_contact_data_is_read_as_phones_and_chats_paste_it(
    visitor: Api, engine: AsyncEngine, listing: UUID, phone: str, email: str
):
    answer = await visitor.post(
        INQUIRIES, form(listing, phone=phone, email=email, full_name=" Jose\u0301 \u200epaha\u095c\u200b")
    )
    assert answer.status == 201
    columns = (Inquiry.full_name, Inquiry.phone, Inquiry.email)
    assert await kept(engine, *columns) == [
        ("Jos\u00e9 paha\u0921\u093c", "+919812345678", "ravi@example.com")
    ]


async def test_spam_does_not_stand_in_the_way_of_the_real_one(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    await visitor.post(INQUIRIES, form(listing, left_blank="x"))
    await visitor.post(INQUIRIES, form(listing))
    assert await kept(engine, Inquiry.is_spam) == [True, False]


# The same phone on the same listing


async def said_again(engine: AsyncEngine) -> list[tuple[str, dict[str, Any]]]:
    columns = (InquiryEvent.event_type, InquiryEvent.event_data)
    async with engine.connect() as connection:
        events = await connection.execute(
            select(*columns).where(InquiryEvent.actor_id.is_(None)).order_by(InquiryEvent.id)
        )
        return [tuple(event) for event in events]


async def test_the_same_phone_on_the_same_listing_is_the_same_lead(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    await visitor.post(INQUIRIES, form(listing, message="Is it free?"))
    await visitor.post(INQUIRIES, form(listing, phone="+91-9812345678", message="Is it free?"))
    assert await property_now(engine, listing) == (1, 1, 1)
    assert await kept(engine, Inquiry.message) == ["Is it free?"]
    assert await said_again(engine) == [("message", {"text": ""})]


@pytest.mark.parametrize("status", InquiryStatus)
async def test_a_phone_number_tells_a_stranger_nothing(
    portal: Api, engine: AsyncEngine, listing: UUID, status: InquiryStatus
):
    """One of the two numbers has a lead; the answers are alike, also when sent again."""
    made = datetime.now(UTC) - AN_HOUR
    reason = "bought" if status is InquiryStatus.LOST else None
    [lead] = await store_inquiries(
        engine, inquiry(listing, status=status, lost_reason=reason, created_at=made)
    )
    stranger = coming_from(portal, "198.51.100.9")
    before = datetime.now(UTC).replace(microsecond=0)
    answers = [
        await stranger.post(INQUIRIES, form(listing, phone=phone))
        for phone in ("98123 45678", "98123 00000", "98123 45678", "98123 00000")
    ]
    assert {(answer.status, answer.body["status"], *answer.body) for answer in answers} == {
        (201, "new", "id", "status", "created_at")
    }
    assert len({str(lead)} | {answer.body["id"] for answer in answers}) == 5
    for answer in answers:
        assert before <= datetime.fromisoformat(answer.body["created_at"]) <= datetime.now(UTC)
        # The first 48 bits of the id are a time in milliseconds.
        assert UUID(answer.body["id"]).int >> 80 >= before.timestamp() * 1000
    assert (await stranger.post(INQUIRIES, form(listing))).status == 201
    for phone in ("98123 45678", "98123 00000"):
        assert (await stranger.post(INQUIRIES, form(listing, phone=phone))).status == 429


async def test_what_a_second_inquiry_adds_is_kept(visitor: Api, engine: AsyncEngine, listing: UUID):
    """It fills empty fields of the lead; differing and filled-in values are kept in its event."""
    made = datetime.now(UTC) - AN_HOUR
    times = {"created_at": made, "updated_at": made, "consented_at": made}
    await store_inquiries(engine, inquiry(listing, email=None, message="", source="page", **times))
    second = {
        "full_name": "Ravi K.",
        "email": "second@example.com",
        "message": "On Sunday?",
        "inquiry_type": "visit",
        "preferred_contact_time": "Sunday 11:00",
        "source": "chat",
        "consent_text_version": "2026-02",
    }
    await visitor.post(INQUIRIES, form(listing, **second))
    columns = (
        Inquiry.full_name, Inquiry.email, Inquiry.message, Inquiry.inquiry_type,
        Inquiry.preferred_contact_time, Inquiry.source, Inquiry.consent_text_version,
        Inquiry.consented_at > made, Inquiry.updated_at > made, Inquiry.created_at == made,
    )  # fmt: skip
    filled = ("Ravi Kumar", "second@example.com", "On Sunday?", "visit", "Sunday 11:00", "page", "2026-02")
    assert await kept(engine, *columns) == [(*filled, True, True, True)]
    assert await said_again(engine) == [
        (
            "message",
            {
                "text": "On Sunday?",
                "full_name": "Ravi K.",
                "email": "second@example.com",
                "inquiry_type": "visit",
                "preferred_contact_time": "Sunday 11:00",
                "source": "chat",
                "consent_text_version": {"from": "2026-01", "to": "2026-02"},
            },
        )
    ]


async def test_every_time_that_somebody_asks_again_is_told(visitor: Api, engine: AsyncEngine, listing: UUID):
    await visitor.post(INQUIRIES, form(listing, message="Is it free?", inquiry_type="visit"))
    for fields in ({"message": "On Sunday?"}, {}, {"inquiry_type": "price", "message": "Is it free?"}):
        assert (await visitor.post(INQUIRIES, form(listing, **fields))).status == 201
    assert await said_again(engine) == [
        ("message", {"text": "On Sunday?"}),
        ("message", {"text": ""}),
        ("message", {"text": "", "inquiry_type": "price"}),
    ]
    assert await kept(engine, Inquiry.message, Inquiry.inquiry_type) == [("Is it free?", "visit")]


words = st.sampled_from(["", "one", "two"])
asked = st.fixed_dictionaries(
    {
        "full_name": st.sampled_from(["Ravi", "Ravi Kumar"]),
        "email": st.sampled_from(["", "one@example.com", "two@example.com"]),
        "message": words,
        "preferred_contact_time": words,
        "source": words,
        "inquiry_type": st.sampled_from(InquiryType),
        "consent_text_version": st.sampled_from(["1", "2"]),
    }
)


@trying(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(forms=st.lists(asked, min_size=1, max_size=5))
async def test_whatever_somebody_sends_is_on_the_lead_or_in_an_event(
    engine: AsyncEngine, listing: UUID, forms: list[dict[str, Any]]
):
    """The lead holds the first value given for each field, and the newest consent."""
    async with AsyncSession(engine) as session:
        for number, fields in enumerate(forms):
            wanted = NewInquiry.model_validate(form(listing, **fields))
            await receive(session, wanted, Sender("203.0.113.7", f"203.0.113.{number}/32", None))
            session.expire_all()
        [lead] = (await session.scalars(select(Inquiry).execution_options(populate_existing=True))).all()
        events = (await session.scalars(select(InquiryEvent.event_data).order_by(InquiryEvent.id))).all()
    said = {
        name: [fields[name] for fields in forms if fields[name] not in UNTOUCHED_VALUES]
        for name in STATED_FIELDS
    }
    for name, values in said.items():
        held = getattr(lead, name)
        assert held == (values[0] if values else held)
        assert (held in UNTOUCHED_VALUES) == (not values)
        told = {event.get("text" if name == "message" else name) for event in events}
        assert {*values} <= {held, *told}
    assert lead.consent_text_version == forms[-1]["consent_text_version"]
    assert len(events) == len(forms) - 1


@pytest.mark.parametrize("status", InquiryStatus)
async def test_a_lost_lead_that_asks_again_is_new_again(
    visitor: Api, engine: AsyncEngine, listing: UUID, status: InquiryStatus
):
    """A lead in work keeps its status. A converted lead stays converted, and a new lead is added."""
    reason = "bought elsewhere" if status is InquiryStatus.LOST else None
    await store_inquiries(engine, inquiry(listing, status=status, lost_reason=reason))
    await visitor.post(INQUIRIES, form(listing, message="Still there?"))
    leads = await kept(engine, Inquiry.status, Inquiry.lost_reason)
    events = await said_again(engine)
    if status is InquiryStatus.CONVERTED:
        assert (leads, events) == ([("converted", None), ("new", None)], [])
    elif status is InquiryStatus.LOST:
        moved = ("status", {"from": "lost", "to": "new"})
        assert (leads, events) == ([("new", None)], [("message", {"text": "Still there?"}), moved])
    else:
        assert (leads, events) == ([(status, None)], [("message", {"text": "Still there?"})])


@pytest.mark.parametrize("other", ["phone", "listing", "day"])
async def test_another_phone_listing_or_day_is_another_lead(
    visitor: Api, engine: AsyncEngine, listing: UUID, other: str
):
    [elsewhere] = await store(engine, home())
    made = datetime.now(UTC) - (A_DAY if other == "day" else AN_HOUR)
    phone = "+919812300000" if other == "phone" else "+919812345678"
    await store_inquiries(engine, inquiry(listing, phone=phone, created_at=made))
    await visitor.post(INQUIRIES, form(elsewhere if other == "listing" else listing))
    assert (await count_of(engine, Inquiry), await count_of(engine, InquiryEvent)) == (2, 0)


async def test_the_same_lead_sent_from_everywhere_at_once_is_one(
    portal: Api, engine: AsyncEngine, listing: UUID
):
    senders = [coming_from(portal, f"203.0.113.{n}") for n in range(8)]
    answers = await asyncio.gather(*(sender.post(INQUIRIES, form(listing)) for sender in senders))
    assert {answer.status for answer in answers} == {201}
    assert (await count_of(engine, Inquiry), await count_of(engine, InquiryEvent)) == (1, 7)
    assert await property_now(engine, listing) == (1, 1, 1)


# Five an hour


async def test_fifty_at_once_from_one_address_leave_exactly_five(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    answers = await asyncio.gather(
        *(visitor.post(INQUIRIES, form(listing, phone=phone)) for phone in phones(50))
    )
    assert sorted(answer.status for answer in answers) == [201] * 5 + [429] * 45
    assert await count_of(engine, Inquiry) == 5
    assert await property_now(engine, listing) == (5, 1, 1)


async def test_whoever_waits_for_the_turn_of_an_address_takes_no_connection_from_others(
    settings: Settings, engine: AsyncEngine, listing: UUID
):
    narrow = {"database_pool_size": 1, "trusted_proxy_cidrs": "127.0.0.1/32"}  # plus one overflow connection
    async with served(settings.model_copy(update=narrow), "narrow") as api, engine.connect() as other:
        await other.execute(
            select(func.pg_advisory_lock(func.hashtextextended("inquiries of 203.0.113.7/32", 0)))
        )
        sender = coming_from(api, "203.0.113.7")
        sending = [
            asyncio.create_task(sender.post(INQUIRIES, form(listing, phone=phone))) for phone in phones(9)
        ]
        await until_waiting(engine)
        assert (await api.get(f"/api/v1/properties/{listing}")).status == 200
        await other.execute(select(func.pg_advisory_unlock_all()))
        answers = await asyncio.gather(*sending)
    assert sorted(answer.status for answer in answers) == [201] * 5 + [429] * 4


async def test_of_hundreds_at_once_from_one_address_most_are_turned_away_without_a_wait():
    turns, over, inside = AddressTurns(), asyncio.Event(), []

    async def visit(address: str) -> None:
        async with turns.turn(address):
            inside.append(address)
            await over.wait()

    visits = [asyncio.create_task(visit("203.0.113.7/32")) for _ in range(1 + MOST_WAITING)]
    await until(lambda: inside, "the first is inside")
    with pytest.raises(Overloaded):
        await visit("203.0.113.7/32")
    visits.append(asyncio.create_task(visit("2001:db8::/64")))
    await until(lambda: len(inside) == 2, "another address is inside at once")
    visits[1].cancel()
    over.set()
    await asyncio.gather(*visits, return_exceptions=True)
    assert len(inside) == 1 + MOST_WAITING
    assert not turns._locks
    assert not turns._requests
    assert not turns._keys


async def five_from(engine: AsyncEngine, listing: UUID, address_key: str, **columns: Any) -> None:
    rows = [inquiry(listing, phone=f"+9198765{n:05}", address_key=address_key, **columns) for n in range(5)]
    await store_inquiries(engine, *rows)


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("203.0.113.7/32", "203.0.113.7"),
        ("203.0.113.7/32", "::ffff:203.0.113.7"),
        ("203.0.113.7/32", "::ffff:cb00:7107"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::1"),
        ("2001:db8:1:2::/64", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
    ],
)
async def test_addresses_of_one_network_share_their_five(
    portal: Api, engine: AsyncEngine, listing: UUID, key: str, address: str
):
    await five_from(engine, listing, key)
    assert (await coming_from(portal, address).post(INQUIRIES, form(listing))).status == 429


@pytest.mark.parametrize(
    ("key", "address"),
    [("203.0.113.7/32", "203.0.113.8"), ("2001:db8:1:2::/64", "2001:db8:1:3::1")],
)
async def test_another_network_has_its_own_five(
    portal: Api, engine: AsyncEngine, listing: UUID, key: str, address: str
):
    await five_from(engine, listing, key)
    assert (await coming_from(portal, address).post(INQUIRIES, form(listing))).status == 201


async def test_rotating_through_a_network_of_ipv6_gives_five(portal: Api, engine: AsyncEngine, listing: UUID):
    answers = [
        await coming_from(portal, f"2001:db8:1:2::{n}").post(INQUIRIES, form(listing, phone=phone))
        for n, phone in enumerate(phones(7))
    ]
    assert [answer.status for answer in answers] == [201] * 5 + [429] * 2


async def test_a_refused_visitor_learns_when_to_come_back(visitor: Api, engine: AsyncEngine, listing: UUID):
    ago = datetime.now(UTC) - timedelta(minutes=50)
    await five_from(engine, listing, "203.0.113.7/32", created_at=ago)
    answer = await visitor.post(INQUIRIES, form(listing))
    assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
    free_in = answer.headers["retry-after"]
    assert 590 <= int(free_in) <= 600
    assert answer.headers["ratelimit"] == f'"inquiries";r=0;t={free_in}'
    assert answer.headers["ratelimit-policy"] == '"inquiries";q=5;w=3600'
    assert await count_of(engine, Inquiry) == 5


async def test_of_more_than_five_the_fifth_newest_says_when(visitor: Api, engine: AsyncEngine, listing: UUID):
    for minutes in (59, 40):
        ago = datetime.now(UTC) - timedelta(minutes=minutes)
        await five_from(engine, listing, "203.0.113.7/32", created_at=ago)
    answer = await visitor.post(INQUIRIES, form(listing))
    assert 1_190 <= int(answer.headers["retry-after"]) <= 1_200


async def test_after_an_hour_there_are_five_again(visitor: Api, engine: AsyncEngine, listing: UUID):
    await five_from(engine, listing, "203.0.113.7/32", created_at=datetime.now(UTC) - AN_HOUR)
    assert (await visitor.post(INQUIRIES, form(listing))).status == 201


async def test_what_was_kept_counts_and_what_was_refused_does_not(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    async def send(**fields: Any) -> int:
        return (await visitor.post(INQUIRIES, form(listing, **fields))).status

    assert await send(left_blank="x") == 201
    assert [await send(consent=False) for _ in range(9)] == [422] * 9
    assert [await send() for _ in range(2)] == [201, 201]
    assert [await send(message=f"And {n}?") for n in range(3)] == [201, 201, 429]
    assert await send(phone="98123 00000") == 429
    assert await send() == 429


@pytest.mark.parametrize("redis", ["down", "flushed"])
async def test_the_limit_does_not_need_redis(
    settings: Settings, engine: AsyncEngine, cache: Redis, listing: UUID, redis: str
):
    url = "redis://127.0.0.1:1/0" if redis == "down" else settings.redis_url
    changed = settings.model_copy(update={"redis_url": url})
    async with served(changed, f"redis-{redis}") as api:
        statuses = []
        for phone in phones(6):
            statuses.append((await api.post(INQUIRIES, form(listing, phone=phone))).status)
            if redis == "flushed":
                await cache.flushall()
    assert statuses == [201] * 5 + [429]


# Idempotency-Key


async def send_once(api: Api, body: Any, key: str = "k-1") -> Answer:
    return await api.post(INQUIRIES, body, idempotency_key=key)


async def test_the_same_request_is_answered_alike_and_done_once(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    body = form(listing)
    first = await send_once(visitor, body)
    again = await send_once(visitor, dict(reversed(body.items())))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (await count_of(engine, Inquiry), await count_of(engine, IdempotencyKey)) == (1, 1)


async def test_a_replay_is_the_same_to_the_byte(visitor: Api, listing: UUID):
    async def raw() -> bytes:
        headers = visitor.always | {"idempotency-key": "k-1"}
        async with visitor.visitor.post(visitor.url + INQUIRIES, json=form(listing), headers=headers) as got:
            return await got.read()

    assert await raw() == await raw()


async def test_a_replay_does_not_count(visitor: Api, listing: UUID):
    for phone in phones(5):
        await send_once(visitor, form(listing, phone=phone), key=phone)
    answers = [await send_once(visitor, form(listing, phone=phone), key=phone) for phone in phones(6)]
    assert [answer.status for answer in answers] == [201] * 5 + [429]


@pytest.mark.parametrize("change", [{"phone": "98123 00000"}, {"message": "Hello"}, {"full_name": "Asha"}])
async def test_a_key_belongs_to_one_body(
    visitor: Api, engine: AsyncEngine, listing: UUID, change: dict[str, str]
):
    await send_once(visitor, form(listing))
    answer = await send_once(visitor, form(listing, **change))
    assert (answer.status, answer.wrong_fields()) == (422, {"#/Idempotency-Key": "key_reused"})
    assert await count_of(engine, Inquiry) == 1


async def test_a_strangers_key_is_another_key(portal: Api, engine: AsyncEngine, listing: UUID):
    mine = await send_once(coming_from(portal, "203.0.113.7"), form(listing))
    theirs = await send_once(coming_from(portal, "203.0.113.8"), form(listing, phone="98123 00000"))
    assert (theirs.status, "idempotent-replayed" in theirs.headers) == (201, False)
    assert theirs.body["id"] != mine.body["id"]


async def test_a_refused_request_leaves_no_key(visitor: Api, engine: AsyncEngine, listing: UUID):
    assert (await send_once(visitor, form(uuid4()))).status == 404
    assert (await send_once(visitor, form(listing, consent=False))).status == 422
    assert await count_of(engine, IdempotencyKey) == 0
    assert (await send_once(visitor, form(listing))).status == 201


async def test_a_key_is_forgotten_after_a_day(visitor: Api, engine: AsyncEngine, listing: UUID):
    await send_once(visitor, form(listing))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '24 hours'"))
    answer = await send_once(visitor, form(listing, phone="98123 00000"))
    assert (answer.status, "idempotent-replayed" in answer.headers) == (201, False)
    assert (await send_once(visitor, form(listing, phone="98123 00000"))).headers["idempotent-replayed"]


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("x", 201),
        ("~!\"'\\;", 201),
        ("k" * 255, 201),
        ("k" * 256, 400),
        ("a b", 400),
        ("\xe9", 400),
        ("", 400),
    ],
)
async def test_a_key_is_visible_ascii(visitor: Api, listing: UUID, key: str, status: int):
    answer = await send_once(visitor, form(listing), key)
    assert answer.status == status


async def test_two_keys_are_none(visitor: Api, listing: UUID):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    async with visitor.visitor.post(visitor.url + INQUIRIES, json=form(listing), headers=headers) as answer:
        assert answer.status == 400


async def test_a_request_in_flight_is_not_begun_again(visitor: Api, engine: AsyncEngine, listing: UUID):
    """The first request waits for the property's row, which the test has locked."""
    async with engine.connect() as holder:
        await holder.execute(select(Property.id).where(Property.id == listing).with_for_update())
        first = asyncio.create_task(send_once(visitor, form(listing)))
        await until_waiting(engine)
        second = await send_once(visitor, form(listing))
        await holder.rollback()
    assert (second.status, second.body["code"]) == (409, "conflict")
    assert (await first).status == 201
    assert (await send_once(visitor, form(listing))).headers["idempotent-replayed"] == "true"


async def test_the_same_key_many_times_at_once_is_done_once(visitor: Api, engine: AsyncEngine, listing: UUID):
    answers = await asyncio.gather(*(send_once(visitor, form(listing)) for _ in range(20)))
    made = [a for a in answers if a.status == 201 and "idempotent-replayed" not in a.headers]
    assert len(made) == 1
    assert {answer.status for answer in answers} <= {201, 409}
    assert {a.body["id"] for a in answers if a.status == 201} == {made[0].body["id"]}
    assert await count_of(engine, Inquiry) == 1


async def test_a_lock_that_is_never_given_up_ends_in_a_503(visitor: Api, engine: AsyncEngine, listing: UUID):
    async with engine.connect() as holder:
        await holder.execute(select(Property.id).where(Property.id == listing).with_for_update())
        answer = await send_once(visitor, form(listing))
        await holder.rollback()
    assert (answer.status, answer.body["code"]) == (503, "database_unavailable")
    assert (await count_of(engine, Inquiry), await count_of(engine, IdempotencyKey)) == (0, 0)
    assert (await send_once(visitor, form(listing))).status == 201


# Fuzzing

FIELDS = [
    "property_id", "full_name", "phone", "email", "message", "inquiry_type", "preferred_contact_time",
    "consent", "consent_text_version", "source", "left_blank", "website",
]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@trying(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from([*FIELDS, "x"]), json_values, max_size=3))
async def test_no_field_ends_in_a_server_error(visitor: Api, listing: UUID, changes: dict[str, Any]):
    body = form(listing) | changes
    answer = await visitor.ask("POST", INQUIRIES, json=body, headers={"content-type": "application/json"})
    assert answer.status in {201, 400, 404, 422, 429}


@trying(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=200), agent=st.binary(max_size=40))
async def test_no_text_ends_in_a_server_error(portal: Api, listing: UUID, words: str, agent: bytes):
    """Each text comes from its own address, so that most inquiries pass the limit."""
    address = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"
    headers = {"x-forwarded-for": address, "user-agent": agent.decode("latin-1").translate(NO_LINES)}
    phone = f"98123{uuid4().int % 100_000:05}"
    body = form(
        listing,
        phone=phone,
        full_name=words,
        message=words,
        preferred_contact_time=words[:100],
        source=words[:9],
    )
    answer = await portal.ask("POST", INQUIRIES, json=body, headers=headers)
    assert answer.status in {201, 400, 422}


NO_LINES = dict.fromkeys([*range(32), 127], "?")


async def test_a_user_agent_that_is_no_text_is_kept_as_far_as_it_is(
    visitor: Api, engine: AsyncEngine, listing: UUID
):
    answer = await visitor.post(INQUIRIES, form(listing), user_agent="A\xff\xfe\udc80B")
    assert answer.status == 201
    [agent] = await kept(engine, Inquiry.user_agent)
    assert agent.startswith("A")
