"""Accounts, managed by super_admins over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, inquiry, store, store_inquiries, store_user
from tests.server.conftest import Answer, Api

USERS = "/api/v1/admin/users"
NEW = {"email": "Ravi@CasaBricks.example", "full_name": "Ravi Singh"}


async def audit(engine: AsyncEngine) -> list[tuple[str, str]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT action, changes::text FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_an_account_is_made_with_a_password_that_is_told_once(
    api: Api, super_admin: Api, engine: AsyncEngine
):
    answer = await super_admin.post(USERS, NEW)
    user, password = answer.body["user"], answer.body["one_time_password"]
    assert (answer.status, user["email"], user["role"]) == (201, "ravi@casabricks.example", "admin")
    login = await api.post("/api/v1/auth/login", {"email": NEW["email"], "password": password})
    assert login.status == 200
    [(action, changes)] = await audit(engine)
    assert (action, password in changes, "r***@casabricks.example" in changes) == ("create", False, True)


async def test_an_address_is_read_as_phones_paste_it(api: Api, super_admin: Api):
    password = "seven lamps by the river"
    given = {"email": "\u200eRavi@CasaBricks.example ", "full_name": "Jose\u0301\u200b", "password": password}
    user = (await super_admin.post(USERS, given)).body["user"]
    assert (user["email"], user["full_name"]) == ("ravi@casabricks.example", "Jos\u00e9")
    pasted = {"email": "\u202aravi@casabricks.example\u202c\u200b", "password": password}
    assert (await api.post("/api/v1/auth/login", pasted)).status == 200
    found = await super_admin.get(USERS, q="jose\u0301 ")
    assert [account["id"] for account in found.body["items"]] == [user["id"]]


CHOSEN = "seven lamps by the river"


async def test_a_password_that_is_sent_is_not_told(super_admin: Api):
    answer = await super_admin.post(USERS, NEW | {"password": CHOSEN})
    assert (answer.status, answer.body["one_time_password"]) == (201, None)
    assert answer.body["user"]["must_change_password"] is False


async def signed_in(api: Api, password: str) -> Api:
    answer = await api.post("/api/v1/auth/login", {"email": NEW["email"], "password": password})
    assert answer.status == 200, answer.body
    return replace(api, always={"authorization": f"Bearer {answer.body['access_token']}"})


async def open_to(session: Api) -> list[tuple[int, str | None]]:
    """Return the answers for the account itself, a page for admins and a page for super_admins."""
    paths = ("/api/v1/auth/me", "/api/v1/admin/properties", USERS)
    answers = [await session.get(path) for path in paths]
    return [(answer.status, answer.body.get("code")) for answer in answers]


async def test_a_password_that_was_told_is_good_for_nothing_but_choosing_another(api: Api, super_admin: Api):
    made = await super_admin.post(USERS, NEW | {"role": "super_admin"})
    told = made.body["one_time_password"]
    session = await signed_in(api, told)
    shut = (403, "password_change_required")
    assert (made.body["user"]["must_change_password"], await open_to(session)) == (
        True,
        [(200, None), shut, shut],
    )
    change = {"current_password": told, "new_password": CHOSEN}
    assert (await session.post("/api/v1/auth/password", change)).status == 204
    assert await open_to(await signed_in(api, CHOSEN)) == [(200, None)] * 3


async def test_a_password_that_is_drawn_again_is_to_be_changed_again(
    api: Api, super_admin: Api, engine: AsyncEngine
):
    made = await super_admin.post(USERS, NEW | {"password": CHOSEN})
    answer = await patch(super_admin, made.body["user"]["id"], reset_password=True)
    session = await signed_in(api, answer.body["one_time_password"])
    assert (answer.body["user"]["must_change_password"], (await open_to(session))[1][0]) == (True, 403)
    assert (await session.post("/api/v1/auth/logout", None)).status == 204
    _, (action, changes) = await audit(engine)
    assert (action, '"must_change_password": [false, true]' in changes) == ("change", True)


@pytest.mark.parametrize(
    ("change", "status", "pointers"),
    [
        ({"email": "nobody"}, 422, {"#/email": "email"}),
        ({"email": "x" * 255}, 422, {"#/email": "string_too_long"}),
        ({"full_name": " "}, 422, {"#/full_name": "string_pattern_mismatch"}),
        ({"full_name": "\u200b"}, 422, {"#/full_name": "blank"}),
        ({"role": "owner"}, 422, {"#/role": "enum"}),
        ({"password": "short"}, 422, {"#/password": "weak_password"}),
        ({"password": "Ravi Ravi Ravi 1"}, 422, {"#/password": "weak_password"}),
        ({"token_version": 3}, 422, {"#/token_version": "extra_forbidden"}),
        ({"email": "ROOT@casabricks.example"}, 409, {"#/email": "taken"}),
    ],
)
async def test_a_wrong_account_is_refused_and_leaves_no_trace(
    super_admin: Api, engine: AsyncEngine, change: Any, status: int, pointers: dict[str, str]
):
    answer = await super_admin.post(USERS, NEW | change)
    assert (answer.status, answer.wrong_fields(), await audit(engine)) == (status, pointers, [])


async def patch(api: Api, user_id: UUID | str, **change: Any) -> Answer:
    return await api.patch(f"{USERS}/{user_id}", change)


@pytest.mark.parametrize("change", [{"role": "super_admin"}, {"is_active": False}, {"reset_password": True}])
async def test_a_change_of_standing_ends_the_accounts_sessions(
    api: Api, super_admin: Api, engine: AsyncEngine, settings: Settings, change: dict[str, Any]
):
    user_id = await store_user(engine)
    session = api.signed_in(user_id, settings)
    assert (await session.get("/api/v1/auth/me")).status == 200
    assert (await patch(super_admin, user_id, **change)).status == 200
    assert (await session.get("/api/v1/auth/me")).status == 401


async def test_whoever_leaves_leaves_open_leads(super_admin: Api, engine: AsyncEngine):
    user_id, [listing] = await store_user(engine), await store(engine, home())
    states = ("new", "contacted", "qualified", "converted", "lost")
    leads = [
        inquiry(listing, status=status, lost_reason="bought" if status == "lost" else None)
        for status in states
    ]
    spam = inquiry(listing, is_spam=True)
    await store_inquiries(engine, *(lead | {"assigned_to": user_id} for lead in (*leads, spam)))
    await store_inquiries(engine, inquiry(listing))
    answer = await patch(super_admin, user_id, is_active=False)
    assert (answer.status, answer.body["open_leads"]) == (200, 3)
    summary = await super_admin.get("/api/v1/admin/analytics/summary", since="2026-01-01", until="2026-01-01")
    assert summary.body["inquiries"]["of_inactive"] == 3


async def test_another_name_ends_nothing(api: Api, super_admin: Api, engine: AsyncEngine, settings: Settings):
    user_id = await store_user(engine)
    answer = await patch(super_admin, user_id, full_name="Asha R. Rao")
    assert answer.body["user"]["full_name"] == "Asha R. Rao"
    assert (await api.signed_in(user_id, settings).get("/api/v1/auth/me")).status == 200


async def test_a_change_that_changes_nothing_leaves_no_trace(super_admin: Api, engine: AsyncEngine):
    user_id = await store_user(engine)
    assert (await patch(super_admin, user_id, full_name="Asha Rao")).status == 200
    assert await audit(engine) == []


async def test_nobody_changes_their_own_role(super_admin: Api, engine: AsyncEngine):
    me = (await super_admin.get("/api/v1/auth/me")).body["id"]
    await store_user(engine, email="second@casabricks.example", role="super_admin")
    assert (await patch(super_admin, me, role="admin")).status == 403


async def test_the_last_active_super_admin_stays(super_admin: Api, engine: AsyncEngine):
    me = (await super_admin.get("/api/v1/auth/me")).body["id"]
    await store_user(engine, email="off@casabricks.example", role="super_admin", is_active=False)
    answer = await patch(super_admin, me, is_active=False)
    assert (answer.status, answer.body["code"], await audit(engine)) == (409, "conflict", [])


async def test_of_the_last_two_not_both_go_at_once(
    api: Api, super_admin: Api, engine: AsyncEngine, settings: Settings
):
    first = (await super_admin.get("/api/v1/auth/me")).body["id"]
    for _ in range(5):
        second = await store_user(engine, email=f"{uuid4()}@casabricks.example", role="super_admin")
        other = api.signed_in(second, settings)
        answers = await asyncio.gather(
            patch(super_admin, second, role="admin"), patch(other, first, role="admin")
        )
        assert 200 in {answer.status for answer in answers}
        async with engine.connect() as connection:
            query = text("SELECT count(*) FROM users WHERE role = 'super_admin' AND is_active")
            assert await connection.scalar(query) == 1
        async with engine.begin() as connection:  # make `first` the super_admin again
            await connection.execute(
                text("UPDATE users SET role = CASE id WHEN :id THEN 'super_admin' ELSE 'admin' END"),
                {"id": first},
            )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "nothing"),
        ({"full_name": None}, "string_type"),
        ({"is_active": None, "role": "admin"}, "bool_type"),
        ({"reset_password": False}, "literal_error"),
        ({"email": "x@y.z"}, "extra_forbidden"),
    ],
)
async def test_a_change_says_what_it_changes(super_admin: Api, engine: AsyncEngine, change: Any, code: str):
    answer = await patch(super_admin, await store_user(engine), **change)
    assert (answer.status, list(answer.wrong_fields().values())) == (422, [code])


@pytest.mark.parametrize("user_id", ["019b76da-b0c9-7017-9695-9a03e802027d", "x", "%00"])
async def test_an_account_that_is_not_there_is_not_found(super_admin: Api, user_id: str):
    assert (await patch(super_admin, user_id, full_name="X")).status == 404


async def test_accounts_are_listed_by_address(super_admin: Api, engine: AsyncEngine):
    for number in range(3):
        await store_user(engine, email=f"user{number}@casabricks.example", is_active=number != 1)

    async def listed(**query: Any) -> list[str]:
        answer = await super_admin.get(USERS, **query)
        assert answer.status == 200
        return [user["email"].partition("@")[0] for user in answer.body["items"]]

    assert await listed() == ["root", "user0", "user1", "user2"]
    assert await listed(is_active="false") == ["user1"]
    assert await listed(role="super_admin") == ["root"]
    assert await listed(q="USER", page_size="1", page="2") == ["user1"]
    assert await listed(q="%") == []


async def test_an_admin_manages_nobody(admin: Api):
    assert (await admin.get(USERS)).status == 403
    assert (await admin.post(USERS, NEW)).status == 403
    assert (await patch(admin, uuid4(), role="admin")).status == 403
