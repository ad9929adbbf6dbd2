"""The API's Prometheus metrics: events and states, without personal data."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, picture, plot, store, store_pictures
from tests.scraping import Figures, happened, read_figures
from tests.server.conftest import Api, Catalogue, served
from tests.server.public.test_inquiries import form
from tests.server.search.test_outage import engine_that_answers
from tests.waiting import until

INQUIRIES, LOGIN = "/api/v1/inquiries", "/api/v1/auth/login"
PAGE, SIMILAR = "/api/v1/properties/<property_id:str>", "/api/v1/properties/<property_id:str>/similar"
SEARCH = "/api/v1/search/"


@pytest.fixture
async def lone(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """An API whose counters are all zero."""
    async with served(settings, f"counting-{abs(hash(request.node.name))}") as api:
        yield api


async def scrape(api: Api, path: str = "/metrics") -> Figures:
    answer = await api.get(path)
    assert answer.status == 200, answer.body
    return read_figures(answer.body)


async def test_answers_are_counted_by_method_route_and_status(lone: Api, catalogue: Catalogue):
    [key] = await catalogue.store(home())
    for path in (f"/api/v1/properties/{key}", f"/api/v1/properties/{uuid4()}", "/asha@casabricks.example"):
        await lone.get(path)
    await lone.ask("GARDEN", "/livez")
    await lone.post(f"{SEARCH}guided", {})
    told = await lone.get("/metrics")
    figures = read_figures(told.body)
    assert figures["casabricks_api_requests_total"] == {
        ("GET", PAGE, "200"): 1,
        ("GET", PAGE, "404"): 1,
        ("GET", "none", "404"): 1,
        ("other", "none", "405"): 1,
        ("POST", f"{SEARCH}guided", "200"): 1,
    }
    assert figures["casabricks_api_request_seconds_count"] == {
        (PAGE,): 2,
        ("none",): 2,
        (f"{SEARCH}guided",): 1,
    }
    assert figures["casabricks_api_problems_total"] == {
        ("not_found", PAGE): 1,
        ("not_found", "none"): 1,
        ("method_not_allowed", "none"): 1,
    }
    assert str(key).encode() not in told.body
    assert b"asha@" not in told.body


async def test_the_framework_has_a_page_of_its_own(lone: Api):
    await lone.get("/livez")
    figures = await scrape(lone, "/metrics/sanic")
    assert set(figures) == {
        "casabricks_api_requests_total",
        "casabricks_api_request_seconds_bucket",
        "casabricks_api_request_seconds_count",
        "casabricks_api_request_seconds_sum",
        "casabricks_api_requests_in_flight",
    }
    assert figures["casabricks_api_requests_total"] == {("GET", "/livez", "200"): 1}


async def in_flight(api: Api) -> float:
    """Return the requests in flight, without this one."""
    return (await scrape(api, "/metrics/sanic"))["casabricks_api_requests_in_flight"][()] - 1


async def test_requests_are_in_flight_until_they_are_answered_or_their_client_has_left(settings: Settings):
    async with engine_that_answers(None) as url:
        slow = settings.model_copy(
            update={"opensearch_url": url, "search_timeout_s": 60, "search_cache": False}
        )
        async with served(slow, "in-flight") as api:
            asking = [asyncio.create_task(api.guided(counts=False)) for _ in range(3)]

            async def all_are_in_flight() -> bool:
                return await in_flight(api) == len(asking)

            async def none_is() -> bool:
                return await in_flight(api) == 0

            await until(all_are_in_flight, "three requests in flight")
            for each in asking:
                each.cancel()
            await until(none_is, "none in flight once their clients have left")


async def test_searches_are_counted_by_kind_with_those_in_vain_and_what_the_cache_did(
    lone: Api, catalogue: Catalogue
):
    key, _ = await catalogue.store(home("Sunlit flat"), home(price=90_000_000))
    for bhk in (3, 3, 19.5):
        await lone.guided(bhk=bhk)
    await lone.get(f"{SEARCH}guided", bhk="3", headers={"sec-purpose": "prefetch"})
    await lone.post(f"{SEARCH}listings", {"q": "nothing-is-called-like-this"})
    noida = {"south": 28.4, "west": 77.2, "north": 28.7, "east": 77.5}
    await lone.post(f"{SEARCH}map", {"geo": {"box": noida}, "zoom": 11})
    await lone.get(f"{SEARCH}suggest", q="sector 6")
    await lone.get(f"{SEARCH}suggest", q="qqqqqqq")
    await lone.get(f"/api/v1/properties/{key}/similar")
    figures = await scrape(lone)
    assert figures["casabricks_api_searches_total"] == {
        ("guided",): 3, ("listings",): 1, ("map",): 1, ("suggest",): 2, ("similar",): 1,
    }  # fmt: skip
    assert happened(figures["casabricks_api_searches_without_results_total"]) == {
        ("guided",): 1, ("listings",): 1, ("suggest",): 1, ("similar",): 1,
    }  # fmt: skip
    assert happened(figures["casabricks_api_search_cache_total"]) == {
        ("guided", "hit"): 2, ("guided", "miss"): 2, ("listings", "miss"): 1, ("map", "miss"): 1,
        ("suggest", "miss"): 2,
    }  # fmt: skip


async def test_an_engine_that_does_not_answer_is_counted_by_kind_of_search(settings: Settings):
    away = settings.model_copy(update={"opensearch_url": "http://127.0.0.1:1", "search_cache": False})
    async with served(away, "engine-away") as api:
        assert (await api.get(f"{SEARCH}guided")).status == 503
        assert (await api.get(f"/api/v1/properties/{uuid4()}/similar")).status == 503
        figures = await scrape(api)
    assert happened(figures["casabricks_api_search_engine_failures_total"]) == {
        ("guided",): 1,
        ("similar",): 1,
    }
    assert figures["casabricks_api_problems_total"] == {
        ("search_unavailable", f"{SEARCH}guided"): 1,
        ("search_unavailable", SIMILAR): 1,
    }


async def test_views_inquiries_and_logins_are_counted(lone: Api, engine: AsyncEngine, fresh_limits: None):
    [key] = await store(engine, home())
    for headers in ({}, {}, {"sec-purpose": "prefetch"}):
        await lone.get(f"/api/v1/properties/{key}", headers=headers)
    for phone in ("98123 45670", "98123 45670"):
        await lone.post(INQUIRIES, form(key, phone=phone), idempotency_key="once")
    await lone.post(INQUIRIES, form(key, phone="98123 45670"))
    for digit in range(1, 5):  # one address may send five
        await lone.post(INQUIRIES, form(key, phone=f"98123 4567{digit}"))
    for _ in range(2):
        await lone.post(LOGIN, {"email": "nobody@casabricks.example", "password": "a wrong password"})
    figures = await scrape(lone)
    assert figures["casabricks_api_views_total"] == {(): 2}
    assert figures["casabricks_api_inquiries_total"] == {("new",): 4, ("existing",): 1}
    assert figures["casabricks_api_logins_total"] == {("accepted",): 0, ("refused",): 2}
    assert figures["casabricks_api_problems_total"] == {
        ("too_many_requests", INQUIRIES): 1,
        ("unauthorized", LOGIN): 2,
    }


BUSINESS = """
INSERT INTO search_dead_letters (property_id, revision, error_type, reason)
    SELECT gen_random_uuid(), 1, 'immense term', 'why' FROM generate_series(1, 2);
UPDATE search_outbox SET created_at = now() - interval '90 s';
INSERT INTO job_runs (job, period, state, attempts, finished_at) VALUES
    ('score_homes', now() - interval '2 h', 'done', 3, '2026-03-01T10:00:00Z'),
    ('score_homes', now() - interval '1 h', 'failed', 2, now()),
    ('score_homes', now() - interval '9 d', 'failed', 7, now()),
    ('of_an_older_release', now(), 'failed', 7, now())
"""


async def test_figures_of_the_business_come_from_postgres(lone: Api, engine: AsyncEngine):
    first, *_ = await store(
        engine, home(), home(state="under_offer"), plot(), home(state="draft"), home(state="sold")
    )
    an_hour_ago = text("now() - interval '1 hour'")
    states = ("pending", "pending", "processing", "completed")
    same = {"is_primary": False, "requested_at": an_hour_ago}
    pictures = (
        picture(first, enhancement_status=state, content_hash=f"{n:064}", **same)
        for n, state in enumerate(states)
    )
    await store_pictures(engine, *pictures)
    async with engine.begin() as connection:
        for statement in BUSINESS.split(";"):
            await connection.execute(text(statement))
    figures = await scrape(lone)
    assert happened(figures["casabricks_api_active_properties"]) == {("apartment",): 2, ("plot",): 1}
    assert figures["casabricks_api_enhancement_queue"] == {("pending",): 2, ("processing",): 1}
    ages = figures["casabricks_api_enhancement_oldest_seconds"]
    assert set(ages) == {("pending",), ("processing",)}
    assert all(age >= 3600 for age in ages.values())
    assert figures["casabricks_api_index_lag_seconds"][()] >= 90
    assert figures["casabricks_api_index_dead_letters"] == {("immense term",): 2}
    assert figures["casabricks_api_job_runs"] == {("score_homes", "done"): 1, ("score_homes", "failed"): 1}
    assert happened(figures["casabricks_api_job_failures"]) == {("score_homes",): 4}
    assert figures["casabricks_api_job_last_done_timestamp_seconds"] == {("score_homes",): 1_772_359_200}
    assert figures["casabricks_api_figures_read"] == {(): 1}
    assert figures["casabricks_api_database_connections_limit"] == {(): 10}


async def test_connections_at_work_are_told_apart_from_idle_ones(lone: Api):
    context = lone.context
    assert context is not None
    async with context.database.connect(), context.database.connect():
        assert (await scrape(lone))["casabricks_api_database_connections"][("in_use",)] == 2
    connections = (await scrape(lone))["casabricks_api_database_connections"]
    assert connections == {("in_use",): 0, ("idle",): 3}  # the scrape itself has used the third one


@asynccontextmanager
async def silent_database() -> AsyncIterator[str]:
    """Accept connections and never answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"postgresql://nobody@127.0.0.1:{server.sockets[0].getsockname()[1]}/nowhere"
    server.close()


@asynccontextmanager
async def no_database() -> AsyncIterator[str]:
    yield "postgresql://nobody@127.0.0.1:1/nowhere"


@pytest.mark.parametrize("database", [silent_database, no_database])
async def test_a_database_that_is_away_leaves_its_figures_out_and_nothing_else(settings: Settings, database):
    async with database() as url:
        away = settings.model_copy(update={"database_url": url, "health_timeout_s": 0.2})
        async with served(away, database.__name__) as api:
            await api.get("/livez")
            figures = await scrape(api)
    assert figures["casabricks_api_figures_read"] == {(): 0}
    assert figures["casabricks_api_requests_total"] == {("GET", "/livez", "200"): 1}
    assert not {name for name in figures if "active_properties" in name or "job" in name or "index" in name}


async def test_figures_are_kept_for_those_who_ask_soon_after(lone: Api, engine: AsyncEngine):
    before = await scrape(lone)
    await store(engine, home())
    assert (await scrape(lone))["casabricks_api_active_properties"] == before[
        "casabricks_api_active_properties"
    ]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/sanic"])
async def test_without_its_token_there_is_no_such_page(settings: Settings, path: str):
    guarded = settings.model_copy(update={"metrics_token": type(settings.metrics_token)("pröm-token")})
    async with served(guarded, f"guarded{path.replace('/', '-')}") as api:
        stranger = await api.get("/no-such-page")
        for header in ("", "Bearer", "Bearer wrong", "Basic pröm-token", "Bearer pröm-token2"):
            answer = await replace(api, always={"authorization": header}).get(path)
            assert answer.status == 404
            told = {"detail", "instance", "request_id"}
            assert {name: answer.body[name] for name in answer.body if name not in told} == {
                name: stranger.body[name] for name in stranger.body if name not in told
            }
            assert answer.body["detail"] == f"Requested URL {path} not found"
            assert stranger.body["detail"] == "Requested URL /no-such-page not found"
        admitted = replace(api, always={"authorization": "Bearer pröm-token"})
        assert "casabricks_api_requests_total" in await scrape(admitted, path)
