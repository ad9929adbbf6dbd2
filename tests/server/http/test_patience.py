"""Deadlines of requests, independent of what a request waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from runtime.deadlines import cut_short, ending_in, left_s
from schemas.settings import Settings
from server.app import create_app
from server.http.patience import deadline_s
from tests.factories import store_user
from tests.locks import WAITING
from tests.scraping import read_figures
from tests.server.conftest import Api, served
from tests.waiting import until

SHORT = {"public_deadline_s": 0.3, "admin_deadline_s": 0.3}


@asynccontextmanager
async def held(engine: AsyncEngine, table: str) -> AsyncIterator[None]:
    """Lock a table against all other connections."""
    async with engine.begin() as connection:
        await connection.execute(text(f"LOCK TABLE {table}"))
        yield


@pytest.fixture
async def hasty(settings: Settings) -> AsyncIterator[Api]:
    async with served(settings.model_copy(update=SHORT), "hasty") as api:
        yield api


async def waiting(engine: AsyncEngine) -> int:
    """Return the number of statements that wait for a lock."""
    async with engine.connect() as connection:
        return int((await connection.execute(WAITING)).scalar_one())


async def test_a_visitors_request_is_given_up_and_so_is_what_it_waits_for(hasty: Api, engine: AsyncEngine):
    path = f"/api/v1/properties/{uuid4()}"
    with capture_logs() as logs:
        async with held(engine, "properties"):
            answer = await hasty.get(path)

            async def nothing_waits() -> bool:
                return not await waiting(engine)

            await until(nothing_waits, "the statement has been given up")
    route, headers = "/api/v1/properties/<property_id:str>", answer.headers
    assert (answer.status, answer.body["code"], headers["retry-after"]) == (503, "deadline_exceeded", "2")
    [line] = [line for line in logs if line["event"] == "request_given_up"]
    assert (line["route"], line["after_s"], line["request_id"]) == (route, 0.3, headers["x-request-id"])
    figures = read_figures((await hasty.get("/metrics")).body)
    assert figures["casabricks_api_problems_total"] == {("deadline_exceeded", route): 1}

    async def is_answered() -> bool:
        return (await hasty.get(path)).status == 404

    await until(is_answered, "pages are there again")


async def test_an_admins_too_and_it_has_changed_nothing(hasty: Api, engine: AsyncEngine, settings: Settings):
    admin = hasty.signed_in(await store_user(engine, role="super_admin"), settings)
    new = {"email": "new@casabricks.example", "full_name": "New"}
    async with held(engine, "audit_log"):
        answer = await admin.post("/api/v1/admin/users", new)
    assert (answer.status, answer.body["code"]) == (503, "deadline_exceeded")
    async with engine.connect() as connection:
        made = await connection.execute(text("SELECT count(*) FROM users WHERE email = :email"), new)
        assert made.scalar_one() == 0


def test_only_files_that_come_and_go_have_no_deadline_and_a_wait_has_more(settings: Settings):
    usual = settings.model_copy(update={"public_deadline_s": 2, "admin_deadline_s": 10})
    routes = create_app(usual, "patient").router.routes
    longest = {
        f"{min(route.methods - {'HEAD', 'OPTIONS'})} {route.path}": deadline_s(route, usual)
        for route in routes
    }
    assert {route for route, seconds in longest.items() if seconds is None} == {
        "GET api/v1/admin/inquiries.csv",
        "GET api/v1/admin/properties.csv",
        "POST api/v1/admin/imports",
        "POST api/v1/admin/properties/<property_id:str>/images",
    }
    assert {
        longest[route] for route in ("GET api/v1/search/guided", "POST api/v1/inquiries", "GET livez")
    } == {2}
    assert {longest[route] for route in ("POST api/v1/auth/login", "GET api/v1/admin/users")} == {10}
    assert longest["PATCH api/v1/admin/properties/<property_id:str>"] == 20


def test_a_deadline_within_another_is_never_later_and_one_anew_is_its_own():
    assert left_s() == float("inf")
    with ending_in(60):
        with ending_in(3600):
            assert left_s() <= 60
        with ending_in(30):
            assert left_s() <= 30
        with ending_in(3600, anew=True):
            assert left_s() > 60
        assert 0 < left_s() <= 60
    with ending_in(0):
        assert left_s() == 0
    assert left_s() == float("inf")


async def test_what_is_left_out_is_known_to_whoever_waits_for_the_answer():
    cut_short()  # no-op outside a deadline
    with ending_in(60) as deadline:

        async def look() -> None:
            with ending_in(1):
                pass
            cut_short()

        await asyncio.create_task(look())
    assert deadline.cut_short
