"""Frequent searches are run in advance, and their answers are cached."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientConnectionError
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.search.guided import GuidedRequest
from schemas.settings import Settings
from server.search_cache import SearchKind, cache_key
from stores.answers import CachedAnswers
from tasks.cache_warmup import warm_cache
from tests.factories import home
from tests.server.conftest import Api, Catalogue, served
from tests.tasks.test_analytics import NOON, add, ask, search, work


async def test_what_many_ask_for_is_asked_ahead_and_does_not_become_more_popular(
    api: Api, catalogue: Catalogue, settings: Settings, cache: Redis
):
    assert api.context is not None
    await api.context.search_log.write()  # flush searches of earlier tests, which would be written later
    async with catalogue.engine.begin() as connection:
        await connection.execute(text("DELETE FROM analytics_events"))
    engine, now = catalogue.engine, datetime.now(UTC)
    await catalogue.store(home(), home(bhk=2))
    popular, words = {"answers": {"bhk": [3]}}, {"q_digest": "abc"}
    await add(
        engine,
        *(search(now, search=popular, session_id=f"visit-{n}") for n in range(3)),
        search(now, kind="listings", search={"bhk": [2]}, session_id="visit-1"),
        search(now, kind="listings", search={"bhk": ["a form of the past"]}, session_id="visit-2"),
        *(search(now, search=words, session_id=f"visit-{n}") for n in range(9)),
        *(search(now, search=popular | {"page": 2}) for _ in range(9)),
        search(now - timedelta(days=8), search={"bhk": [1]}),
        search(now, kind="map", search={"zoom": 12}),
    )
    before = await ask(engine, "SELECT count(*) FROM analytics_events")
    limited = settings.model_copy(update={"search_rate": 10, "search_burst": 1})
    async with served(limited, "warming") as warming:
        reachable = settings.model_copy(update={"api_url": warming.url})
        found = await warm_cache(work(engine, reachable, NOON))
    assert found == {"asked": 3, "warmed": 2}
    answers = CachedAnswers(cache, settings.index_alias)
    from_cache = await answers.find(cache_key(SearchKind.GUIDED, GuidedRequest.model_validate(popular)))
    assert from_cache.answer is not None
    assert b'"total":1' in from_cache.answer
    assert await ask(engine, "SELECT count(*) FROM analytics_events") == before


async def test_without_an_api_to_ask_a_warm_up_is_tried_again(engine: AsyncEngine, settings: Settings):
    nowhere = settings.model_copy(update={"api_url": "http://127.0.0.1:1"})
    assert await warm_cache(work(engine, nowhere, NOON)) == {"asked": 0, "warmed": 0}
    await add(engine, search(datetime.now(UTC)))
    with pytest.raises(ClientConnectionError):
        await warm_cache(work(engine, nowhere, NOON))
