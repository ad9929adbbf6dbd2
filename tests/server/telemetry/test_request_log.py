"""The log line of a request: enough to trace abuse, without identifying the client."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from schemas.settings import Settings
from tests.server.conftest import Api, served


@pytest.fixture
async def portal(settings: Settings) -> AsyncIterator[Api]:
    """The API behind a trusted proxy, so that a test can state any client address."""
    async with served(settings.model_copy(update={"trusted_proxy_cidrs": "127.0.0.1/32"}), "logging") as api:
        yield api


async def line_of(portal: Api, address: str) -> dict[str, Any]:
    with capture_logs() as lines:
        assert (await portal.get("/livez", headers={"x-forwarded-for": address})).status == 200
    [line] = [dict(line) for line in lines if line["event"] == "request"]
    return line


async def test_requests_of_one_client_are_known_as_such_and_nobody_is_named(portal: Api):
    addresses = ["203.0.113.7", "203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2"]
    lines = [await line_of(portal, address) for address in addresses]
    first, again, other, a_network, the_same = [line["client"] for line in lines]
    assert (first == again, a_network == the_same) == (True, True)
    assert len({first, other, a_network}) == 3
    assert not any(address in str(line) for line, address in zip(lines, addresses, strict=True))
    assert {line["route"] for line in lines} == {"/livez"}
