"""Signing in and out over HTTP."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from statistics import NormalDist
from typing import Any
from unicodedata import normalize

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.passwords import hash_password
from schemas.settings import Settings
from server.limits.passwords import MOST_WAITING, THREADS
from tests.factories import store_user
from tests.server.conftest import Answer, Api, served

LOGIN = "/api/v1/auth/login"
EMAIL, PASSWORD = "asha@casabricks.example", "seven lamps by the river"
NEW = "eight lamps by the river"


pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
async def asha(engine: AsyncEngine) -> Any:
    return await store_user(engine, email=EMAIL, hashed_password=hash_password(PASSWORD, 4))


async def login(api: Api, password: str = PASSWORD, email: str = EMAIL) -> Answer:
    return await api.post(LOGIN, {"email": email, "password": password})


async def signed_in(api: Api, **given: str) -> Api:
    answer = await login(api, **given)
    assert answer.status == 200, answer.body
    return Api(api.url, api.visitor, {"authorization": f"Bearer {answer.body['access_token']}"})


async def test_the_right_password_gets_a_token_for_an_hour(api: Api, asha: Any, engine: AsyncEngine):
    answer = await login(api)
    user = answer.body.pop("user")
    assert {**answer.body, "access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "expires_in": 3600,
    }
    assert (user["id"], user["email"], user["role"]) == (str(asha), EMAIL, "admin")
    assert answer.headers["cache-control"] == "no-store"
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT last_login_at IS NOT NULL FROM users"))


@pytest.mark.parametrize(
    "email", ["ASHA@casabricks.example", " asha@CasaBricks.example ", "ａｓｈａ@casabricks.example"]
)
async def test_an_address_is_the_same_however_it_is_typed(api: Api, asha: Any, email: str):
    assert (await login(api, email=email)).status == 200


def told(answer: Answer) -> Any:
    """Return what a client can observe, without the request id and the clock."""
    body = {name: value for name, value in answer.body.items() if name not in {"instance", "request_id"}}
    headers = {name.lower() for name in answer.headers}
    return answer.status, body, headers


async def test_unknown_wrong_disabled_and_impossible_are_told_the_same(
    api: Api, asha: Any, engine: AsyncEngine
):
    await store_user(
        engine, email="gone@casabricks.example", is_active=False, hashed_password=hash_password(PASSWORD, 4)
    )
    answers = [
        await login(api, "wrong password entirely"),
        await login(api, email="nobody@casabricks.example"),
        await login(api, email="gone@casabricks.example"),
        await login(api, "x" * 73),
        await login(api, ""),
        await login(api, email="not an address"),
    ]
    assert all(told(answer) == told(answers[0]) for answer in answers)
    assert told(answers[0])[:1] == (401,)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 422),
        ({}, 422),
        ({"email": EMAIL}, 422),
        ({"email": EMAIL, "password": 7}, 422),
        ({"email": EMAIL, "password": "x" * 1_001}, 422),
        ({"email": EMAIL, "password": "a\0b"}, 400),
        ({"email": EMAIL, "password": PASSWORD, "remember": True}, 422),
        ({"email": "x" * 255, "password": PASSWORD}, 422),
    ],
)
async def test_what_is_no_login_is_refused_and_shows_no_password(api: Api, body: Any, status: int):
    answer = await api.post(LOGIN, body)
    assert (answer.status, PASSWORD in str(answer.body)) == (status, False)


async def test_five_failures_lock_an_account_for_a_while_and_nobody_is_told(
    api: Api, asha: Any, cache: Redis
):
    for _ in range(5):
        await login(api, "wrong password entirely")
    await forget_addresses(cache)
    locked = await login(api)
    unknown = await login(api, email="nobody@casabricks.example")
    assert told(locked) == told(unknown)
    await unlock(cache)
    assert (await login(api)).status == 200


async def test_each_lock_is_longer_than_the_one_before_and_none_is_for_ever(
    api: Api, asha: Any, cache: Redis
):
    lasted = []
    for _ in range(7):
        for _ in range(5):
            await login(api, "wrong password entirely")
            await forget_addresses(cache)
        [lock] = [key async for key in cache.scan_iter(match="login:lock:*")]
        lasted.append(await cache.ttl(lock))
        await unlock(cache)
    assert [math.ceil(seconds / 60) for seconds in lasted] == [1, 2, 4, 8, 16, 30, 30]


async def test_an_account_that_does_not_exist_is_locked_like_any_other(
    api: Api, engine: AsyncEngine, cache: Redis
):
    for _ in range(5):
        await login(api, email="nobody@casabricks.example")
    assert [key async for key in cache.scan_iter(match="login:lock:*")]


async def forget_addresses(cache: Redis) -> None:
    async for key in cache.scan_iter(match="login:address:*"):
        await cache.delete(key)


async def unlock(cache: Redis) -> None:
    async for key in cache.scan_iter(match="login:lock:*"):
        await cache.delete(key)


async def test_the_eleventh_failure_from_an_address_waits(api: Api, engine: AsyncEngine):
    answers = [await login(api, email=f"nobody{n}@casabricks.example") for n in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    free_in = answers[-1].headers["retry-after"]
    assert 0 < int(free_in) <= 300
    assert answers[-1].headers["ratelimit"] == f'"login";r=0;t={free_in}'
    assert answers[-1].headers["ratelimit-policy"] == '"login";q=10;w=300'


async def test_many_at_once_from_an_address_are_not_let_past_the_limit(api: Api, engine: AsyncEngine):
    answers = await asyncio.gather(*(login(api, email=f"nobody{n}@casabricks.example") for n in range(30)))
    assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 20


async def test_success_gives_the_attempt_back(api: Api, asha: Any):
    assert {(await login(api)).status for _ in range(15)} == {200}


async def test_without_a_database_nobody_uses_up_attempts(api: Api, asha: Any, settings: Settings):
    away = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/x"})
    async with served(away, "login_no_database") as broken:
        assert [(await login(broken)).status for _ in range(12)] == [503] * 12
    assert (await login(api)).status == 200


async def test_a_full_queue_of_passwords_uses_up_no_attempts(api: Api, asha: Any):
    assert api.context is not None
    session, passwords = await signed_in(api), api.context.passwords
    passwords._waiting += THREADS + MOST_WAITING
    refused = [await login(api) for _ in range(12)] + [await change(session) for _ in range(12)]
    passwords._waiting -= THREADS + MOST_WAITING
    assert {(answer.status, answer.body["code"]) for answer in refused} == {(503, "overloaded")}
    assert (await login(api)).status == 200


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
async def test_a_password_is_the_same_from_every_keyboard(api: Api, asha: Any, form: Any):
    umlauts = "Schlüssel für die Wohnung"
    assert (await change(await signed_in(api), new=umlauts)).status == 204
    assert (await login(api, normalize(form, umlauts))).status == 200
    assert (await login(api, umlauts.replace(" ", "\u00a0"))).status == 200


async def test_no_address_and_no_identifier_is_kept_as_it_is(api: Api, asha: Any, cache: Redis):
    await login(api, "wrong password entirely")
    keys = [key.decode() async for key in cache.scan_iter(match="login:*")]
    assert keys
    assert not any("asha" in key or "127.0.0" in key for key in keys)


@pytest.fixture
async def without_redis(settings: Settings) -> AsyncIterator[Api]:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with served(away, f"login_{time.time_ns()}") as api:
        yield api


async def test_without_redis_logins_work_and_limits_are_stricter(without_redis: Api, asha: Any):
    assert (await login(without_redis)).status == 200
    failures = [(await login(without_redis, "wrong password entirely")).status for _ in range(6)]
    assert failures == [401] * 5 + [429]


async def test_without_redis_an_account_is_locked_after_three(without_redis: Api, asha: Any):
    for _ in range(3):
        await login(without_redis, "wrong password entirely")
    assert (await login(without_redis)).status == 401


async def test_a_logout_ends_this_session_and_no_other(api: Api, asha: Any):
    one, other = await signed_in(api), await signed_in(api)
    assert (await one.post("/api/v1/auth/logout", None)).status == 204
    assert [(await session.get("/api/v1/auth/me")).status for session in (one, other)] == [401, 200]
    assert (await one.post("/api/v1/auth/logout", None)).status == 401


async def change(api: Api, current: str = PASSWORD, new: str = NEW) -> Answer:
    return await api.post("/api/v1/auth/password", {"current_password": current, "new_password": new})


async def test_a_changed_password_ends_every_session(api: Api, asha: Any, engine: AsyncEngine):
    one, other = await signed_in(api), await signed_in(api)
    assert (await change(one)).status == 204
    assert [(await session.get("/api/v1/auth/me")).status for session in (one, other)] == [401, 401]
    assert [(await login(api)).status, (await login(api, NEW)).status] == [401, 200]
    async with engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT actor, action, changes::text AS c FROM audit_log"))
        ).one()
    assert (row.actor, row.action, NEW in row.c, "$2b$" in row.c) == (EMAIL, "change_password", False, False)


@pytest.mark.parametrize(
    ("current", "new", "pointers"),
    [
        ("wrong password entirely", NEW, {"#/current_password": "wrong_password"}),
        (PASSWORD, "short", {"#/new_password": "weak_password"}),
        (PASSWORD, PASSWORD, {"#/new_password": "weak_password"}),
        (PASSWORD, PASSWORD.replace(" ", "\u00a0"), {"#/new_password": "weak_password"}),
        (PASSWORD, "पाँच अक्षर", {"#/new_password": "weak_password"}),
        (PASSWORD, "x" * 73, {"#/new_password": "weak_password"}),
        (PASSWORD, "passwordpassword", {"#/new_password": "weak_password"}),
        (PASSWORD, "asha asha asha asha", {"#/new_password": "weak_password"}),
    ],
)
async def test_a_password_is_changed_only_by_its_owner_and_to_a_good_one(
    api: Api, asha: Any, current: str, new: str, pointers: dict[str, str]
):
    session = await signed_in(api)
    answer = await change(session, current, new)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)
    assert (await session.get("/api/v1/auth/me")).status == 200


async def test_a_stolen_token_is_no_way_to_try_passwords(api: Api, asha: Any):
    thief = await signed_in(api)
    answers = [(await change(thief, f"guess number {n} of many")).status for n in range(11)]
    assert answers == [422] * 10 + [429]


async def test_a_hash_of_another_cost_is_renewed_at_the_login(api: Api, engine: AsyncEngine):
    await store_user(engine, email=EMAIL, hashed_password=hash_password(PASSWORD, 5))
    assert (await login(api)).status == 200
    async with engine.connect() as connection:
        assert (await connection.scalar(text("SELECT hashed_password FROM users"))).startswith("$2b$04$")
    assert (await login(api)).status == 200


MARGIN = 1.1
"""Factor by which logins may differ in time; over a network this cannot be measured."""


def told_apart(one: list[float], other: list[float]) -> float:
    """Return the p-value that neither takes longer than the other by more than the margin."""
    slower = [value * MARGIN for value in one], [value * MARGIN for value in other]
    return min(takes_longer(one, slower[1]), takes_longer(other, slower[0]))


def takes_longer(one: list[float], other: list[float]) -> float:
    """Return the p-value of a one-sided Mann-Whitney test, by its normal approximation."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, group) in enumerate(ranked, 1) if group == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return 1 - NormalDist().cdf(z)


async def compared(api: Api, cache: Redis) -> float:
    """Log in to a known and an unknown account in turns; return the p-value that their times are alike."""
    times: dict[str, list[float]] = {EMAIL: [], "nobody@casabricks.example": []}
    for number in range(150):
        await fresh(cache)
        for email in sorted(times, reverse=bool(number % 2)):
            began = time.perf_counter()
            answer = await login(api, "wrong password entirely", email)
            times[email].append(time.perf_counter() - began)
            assert answer.status == 401
    return told_apart(*times.values())


async def test_the_time_of_a_login_does_not_say_who_has_an_account(
    settings: Settings, engine: AsyncEngine, cache: Redis
):
    """The hash takes longer than everything else, as real ones do."""
    await store_user(engine, email=EMAIL, hashed_password=hash_password(PASSWORD, 8))
    async with served(settings.model_copy(update={"password_cost": 8}), "login_times") as api:
        assert await compared(api, cache) > 0.001


async def fresh(cache: Redis) -> None:
    await cache.delete(*[key async for key in cache.scan_iter(match="login:*")], "login:none")


async def test_the_test_would_tell_a_difference_of_a_fourth():
    one = [1 + n % 10 / 10 for n in range(150)]
    assert told_apart(one, [value * 1.25 for value in one]) < 0.001
    assert told_apart(one, one[::-1]) > 0.5
