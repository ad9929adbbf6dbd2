"""The audit log over HTTP, which super_admins read."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.audit import Actor, record
from tests.server.conftest import Api

AUDIT = "/api/v1/admin/audit"


@pytest.fixture
async def written(engine: AsyncEngine) -> None:
    asha, command = Actor(None, "asha@casabricks.example", "r1"), Actor(None, "casabricks import")
    async with AsyncSession(engine) as session, session.begin():
        changes = {"price": (1, 2), "phone": ("+919810012345", None), "hashed_password": ("a", "b")}
        await record(session, asha, "change", entity_type="property", entity_id="p1", changes=changes)
        await record(session, command, "import", entity_type="import", entity_id="i1")


async def listed(api: Api, **query: str) -> list[Any]:
    answer = await api.get(AUDIT, **query)
    assert answer.status == 200, answer.body
    return answer.body["items"]


@pytest.mark.usefixtures("written")
async def test_the_newest_comes_first_and_personal_data_is_masked(super_admin: Api):
    newest, oldest = await listed(super_admin)
    assert (newest["actor"], newest["action"], newest["changes"]) == ("casabricks import", "import", {})
    assert oldest["changes"] == {
        "price": [1, 2],
        "phone": ["******2345", None],
        "hashed_password": ["***", "***"],
    }
    assert (oldest["request_id"], oldest["entity_type"], oldest["entity_id"]) == ("r1", "property", "p1")


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"entity_type": "property"}, ["change"]),
        ({"entity_id": "i1"}, ["import"]),
        ({"actor": "asha@casabricks.example"}, ["change"]),
        ({"action": "import"}, ["import"]),
        ({"since": "2020-01-01T00:00:00Z"}, ["import", "change"]),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"page_size": "1", "page": "2"}, ["change"]),
    ],
)
async def test_it_is_narrowed_by_what_and_whom_and_when(
    super_admin: Api, query: dict[str, str], actions: list[str]
):
    assert [entry["action"] for entry in await listed(super_admin, **query)] == actions


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"since": "yesterday"}, {"#/since": "datetime_from_date_parsing"}),
        ({"since": "2026-01-01T00:00:00"}, {"#/since": "timezone_aware"}),
        ({"page_size": "101"}, {"#/page_size": "less_than_equal"}),
        ({"who": "me"}, {"#/who": "extra_forbidden"}),
    ],
)
async def test_wrong_questions_are_named(super_admin: Api, query: Any, pointers: dict[str, str]):
    answer = await super_admin.get(AUDIT, **query)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)


@pytest.mark.parametrize("number", ["2026", "0.5", "-1", "1767225600"])
async def test_a_number_is_no_time(super_admin: Api, number: str):
    answer = await super_admin.get(AUDIT, since=number)
    assert (answer.status, answer.wrong_fields()) == (422, {"#/since": "number"})


async def test_an_admin_does_not_read_it(admin: Api):
    assert (await admin.get(AUDIT)).status == 403
