"""CORS: only pages of the listed origins may send requests and read answers."""

from collections.abc import AsyncIterator

import pytest

from schemas.settings import Settings
from tests.server.conftest import Api, served

GUIDED = "/api/v1/search/guided"
OURS = "https://www.casabricks.example"


LOCAL = "http://localhost:3000"


@pytest.fixture(scope="module")
async def portal(settings: Settings) -> AsyncIterator[Api]:
    async with served(settings.model_copy(update={"cors_origins": f"{OURS}, {LOCAL}"}), "cors") as api:
        yield api


async def preflight(api: Api, origin: str, path: str = GUIDED, method: str = "POST"):
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization, content-type",
    }
    return await api.ask("OPTIONS", path, headers=headers)


@pytest.mark.parametrize("origin", [OURS, LOCAL])
@pytest.mark.parametrize("path", [GUIDED, "/api/v1/admin/properties/nothing", "/nowhere"])
async def test_a_page_of_ours_may_ask_and_read_what_it_needs(portal: Api, origin: str, path: str):
    asked = await preflight(portal, origin, path)
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, origin)
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    allowed = asked.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "if-match", "idempotency-key", "prefer"))
    answer = await portal.get(path, headers={"origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["null", f"{OURS}.evil.io", "http://www.casabricks.example", "https://casabricks.example", "*", ""],
)
async def test_any_other_page_learns_nothing(portal: Api, origin: str):
    for answer in (await preflight(portal, origin), await portal.get(GUIDED, headers={"origin": origin})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert answer.headers["vary"] == "Origin"


async def test_without_a_list_no_page_may(api: Api):
    assert "access-control-allow-origin" not in (await preflight(api, OURS)).headers
