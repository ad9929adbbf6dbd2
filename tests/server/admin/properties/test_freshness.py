"""Read-your-writes: a response waits until searches show the change; a timeout does not fail the write."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import accumulate, islice
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from search.freshness import pauses
from tests.factories import form, store_user
from tests.server.conftest import Answer, Api, Catalogue, served

PROPERTIES = "/api/v1/admin/properties"


@asynccontextmanager
async def drained(catalogue: Catalogue) -> AsyncIterator[None]:
    """Run an indexer during the block.

    It is asked to stop, never cancelled. On Python 3.11 `asyncio.wait_for`, which the database driver uses,
    loses a cancellation that arrives together with the result it waits for.
    """
    over = asyncio.Event()

    async def drain() -> None:
        while not over.is_set():
            await catalogue.sync_index()
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        group.create_task(drain())
        try:
            yield
        finally:
            over.set()


async def create(admin: Api, query: str = "", **headers: str) -> Answer:
    answer = await admin.post(f"{PROPERTIES}{query}", form(state="active"), **headers)
    assert answer.status == 201, answer.body
    return answer


@pytest.mark.parametrize(
    ("query", "prefer"),
    [
        ("?wait=5", None),
        ("", "wait=5"),
        ("", 'respond-async, WAIT="5"'),
        ("", "wait=5; x=1"),
        ("?wait=5", "wait=1"),
    ],
)
async def test_an_answer_waits_until_searches_show_the_change(
    admin: Api, catalogue: Catalogue, query: str, prefer: str | None
):
    async with drained(catalogue):
        answer = await create(admin, query, **({"prefer": prefer} if prefer else {}))
        found = await admin.guided()
    assert (answer.body["searchable"], answer.headers["preference-applied"]) == (True, "wait=5")
    assert [home["id"] for home in found["items"]] == [answer.body["id"]]


async def test_many_may_wait_at_once(admin: Api, catalogue: Catalogue):
    async with drained(catalogue):
        answers = await asyncio.gather(*(create(admin, "?wait=10") for _ in range(8)))
    assert {answer.body["searchable"] for answer in answers} == {True}


def test_who_waits_long_looks_less_often():
    looks = list(islice(accumulate(pauses()), 100))
    assert looks[:3] == pytest.approx([0.015, 0.032, 0.052], abs=0.001)
    assert looks[99] - looks[98] == pytest.approx(0.1)


async def test_every_kind_of_write_can_wait(admin: Api, catalogue: Catalogue):
    async with drained(catalogue):
        row = (await create(admin, "?wait=5")).body
        at = f"{PROPERTIES}/{row['id']}"
        writes: list[tuple[str, str, Any]] = [
            ("PATCH", "", {"price": 13_000_000}),
            ("PUT", "", form(price=14_000_000)),
            ("PATCH", "/status", {"is_active": False}),
            ("DELETE", "", {}),
        ]
        for number, (method, more, body) in enumerate(writes, 1):
            answer = await admin.write(method, f"{at}{more}?wait=5", body, if_match=f'"{number}"')
            assert (answer.status, answer.body["searchable"]) == (200, True)
            found = await catalogue.search.search(
                index=catalogue.alias, body={"version": True, "query": {"ids": {"values": [row["id"]]}}}
            )
            assert found["hits"]["hits"][0]["_version"] == answer.body["revision"]


async def test_who_does_not_wait_is_told_nothing(admin: Api):
    for prefer in ("respond-async", "wait=soon", "wait=-1", "waiting=5", ""):
        answer = await create(admin, prefer=prefer)
        assert answer.body["searchable"] is None
        assert "preference-applied" not in answer.headers


async def test_a_change_that_is_not_indexed_in_time_is_kept_all_the_same(admin: Api, catalogue: Catalogue):
    began = time.perf_counter()
    answer = await create(admin, "?wait=1")
    assert time.perf_counter() - began >= 1
    assert (answer.body["searchable"], answer.headers["preference-applied"]) == (False, "wait=1")
    assert (await admin.get(answer.headers["location"])).status == 200


async def test_a_long_wait_is_cut_to_what_we_grant(admin: Api, catalogue: Catalogue):
    async with drained(catalogue):
        answer = await create(admin, prefer="wait=600")
    assert answer.headers["preference-applied"] == "wait=10"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?wait=11", {"#/wait": "less_than_equal"}),
        ("?wait=-1", {"#/wait": "greater_than_equal"}),
        ("?wait=soon", {"#/wait": "int_parsing"}),
        ("?await=1", {"#/await": "extra_forbidden"}),
    ],
)
async def test_a_wrong_wait_is_refused_before_anything_is_written(
    admin: Api, query: str, expected: dict[str, str]
):
    answer = await admin.post(f"{PROPERTIES}{query}", form())
    assert (answer.status, answer.wrong_fields()) == (422, expected)
    assert (await admin.get(PROPERTIES)).body["total"] == 0


async def test_a_write_succeeds_with_search_away(engine: AsyncEngine, settings: Settings):
    away = settings.model_copy(update={"opensearch_url": "http://127.0.0.1:9"})
    user = await store_user(engine)
    async with served(away, "away") as api:
        admin = api.signed_in(user, away)
        assert (await create(admin, "?wait=1")).body["searchable"] is False
        assert (await create(admin, "?wait=0")).body["searchable"] is False
