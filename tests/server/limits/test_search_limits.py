"""The rate limit of searches by address."""

from collections.abc import AsyncIterator
from ipaddress import ip_address
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.addresses import address_key
from schemas.errors import TooManyRequests
from schemas.settings import Settings
from server.limits.search_limits import MOST_ADDRESSES, SearchLimits
from tests.server.conftest import Api, served

SEARCH = "/api/v1/search/"
ALICE, BOB = (address_key(ip_address(address)) for address in ("203.0.113.5", "2001:db8::5"))


def is_let_in(limits: SearchLimits, address=ALICE) -> bool:
    try:
        limits.take_token(address)
    except TooManyRequests:
        return False
    return True


RATES = st.sampled_from([0.5, 1.0, 4.0, 8.0])
PAUSES = st.lists(st.integers(0, 5_000).map(lambda thousandths: thousandths / 1024), max_size=60)


@given(rate=RATES, burst=st.integers(1, 6), pauses=PAUSES)
def test_it_lets_in_what_a_bucket_of_tokens_does(rate: float, burst: int, pauses: list[float]):
    now, tokens = 0.0, float(burst)
    limits = SearchLimits(rate, burst, clock=lambda: now)
    for pause in pauses:
        now, tokens = now + pause, min(burst, tokens + pause * rate)
        assert is_let_in(limits) == (tokens >= 1)
        tokens -= tokens >= 1


@given(rate=RATES, burst=st.integers(1, 6), pauses=PAUSES)
def test_whoever_comes_back_as_told_is_let_in(rate: float, burst: int, pauses: list[float]):
    now = 0.0
    limits = SearchLimits(rate, burst, clock=lambda: now)
    for pause in pauses:
        now += pause
        try:
            limits.take_token(ALICE)
        except TooManyRequests as refused:
            wait_s = refused.retry_after_s
        else:
            continue
        assert wait_s is not None
        now += wait_s
        assert is_let_in(limits)


def test_one_address_does_not_use_up_what_another_has():
    limits = SearchLimits(1, 2, clock=lambda: 0.0)
    assert [is_let_in(limits, who) for who in (ALICE, ALICE, ALICE, BOB)] == [True, True, False, True]


def test_whoever_has_rested_is_forgotten_and_so_is_the_oldest_of_too_many():
    now = 0.0
    limits = SearchLimits(1, 2, clock=lambda: now)
    for number in range(MOST_ADDRESSES + 500):
        limits.take_token(address_key(ip_address(number)))
    assert len(limits._full_at) == MOST_ADDRESSES
    now = 10.0
    for number in range(MOST_ADDRESSES):
        limits.take_token(address_key(ip_address(2**32 - 1 - number)))
    assert len(limits._full_at) == MOST_ADDRESSES
    assert address_key(ip_address(700)) not in limits._full_at


def test_without_a_rate_there_is_no_limit():
    limits = SearchLimits(0, 1)
    assert all(is_let_in(limits) for _ in range(100))
    assert not limits._full_at


@pytest.fixture
async def portal(settings: Settings) -> AsyncIterator[Api]:
    """Allows a burst of two searches, then one in 100 s; local proxies are trusted."""
    strict = {"search_rate": 0.01, "search_burst": 2, "trusted_proxy_cidrs": "127.0.0.0/8"}
    async with served(settings.model_copy(update=strict), "strict") as api:
        yield api


async def status(api: Api, path: str, address: str) -> int:
    return (await api.get(path, headers={"x-forwarded-for": address})).status


@pytest.mark.parametrize(
    "path",
    [
        f"{SEARCH}guided?page=0",
        f"{SEARCH}suggest",
        "/api/v1/properties/019b76da-a9da-7017-9695-9a03e802027d/market",
        "/api/v1/market/segments",
    ],
)
async def test_every_search_counts_even_one_that_cannot_be_read(portal: Api, path: str):
    statuses = [await status(portal, path, "203.0.113.5") for _ in range(3)]
    assert (429 in statuses[:2], statuses[2]) == (False, 429)
    assert await status(portal, f"/api/v1/properties/{uuid4()}/similar", "203.0.113.5") == 429


async def test_a_network_of_ipv6_is_one_address(portal: Api):
    path = f"{SEARCH}suggest"
    addresses = ["2001:db8::1", "2001:db8::2:1", "2001:db8::3:1", "2001:db8:0:1::1"]
    assert [await status(portal, path, address) for address in addresses] == [422, 422, 429, 422]


async def test_a_refused_visitor_learns_the_limit_and_when_to_come_back(portal: Api):
    for _ in range(2):
        await portal.get(f"{SEARCH}suggest")
    refused = await portal.get(f"{SEARCH}suggest")
    said = [refused.headers[name] for name in ("retry-after", "ratelimit", "ratelimit-policy")]
    assert (refused.status, refused.body["code"]) == (429, "too_many_requests")
    assert said == ["100", '"search";r=0;t=100', '"search";q=2;w=200']


async def test_pages_of_listings_are_not_searches(portal: Api):
    statuses = [await status(portal, f"/api/v1/properties/{uuid4()}", "203.0.113.5") for _ in range(4)]
    assert statuses == [404] * 4
