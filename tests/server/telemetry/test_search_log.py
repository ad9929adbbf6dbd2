"""Searches recorded for analytics, without delaying the response."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from schemas.api.search.listings import ListingsRequest
from schemas.settings import Settings
from schemas.tables import AnalyticsEvent
from server.telemetry.journal import BATCH, MOST_WAITING
from server.telemetry.search_log import LoggedSearch, SearchLog
from services.analytics.search_events import without_words
from stores.database import open_database
from tests.factories import home
from tests.server.conftest import Catalogue, served
from tests.waiting import until

VISIT, KEY = "visit-12345", b"a key of the test"
BOX = {"box": {"west": 77.2, "south": 28.4, "east": 77.6, "north": 28.7}}


async def recorded(engine: AsyncEngine) -> list[dict[str, Any]]:
    query = select(AnalyticsEvent.event_type, AnalyticsEvent.event_data, AnalyticsEvent.session_id)
    async with engine.connect() as connection:
        rows = (await connection.execute(query.order_by(AnalyticsEvent.id))).all()
    return [{"type": row.event_type, "session": row.session_id, **row.event_data} for row in rows]


@pytest.fixture
async def answers(settings: Settings, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return what is recorded of a few searches after the server has stopped."""
    await catalogue.store(home(), home(bhk=2))
    async with served(settings, "recording") as api:
        visitor = replace(api, always={"x-session-id": VISIT})
        await visitor.guided(bhk=3)
        await visitor.guided(bhk=3)  # a cached answer is recorded too
        await visitor.post("/api/v1/search/listings", {"q": "Asha Rao 98100"})
        await visitor.post("/api/v1/search/listings", {"bhk": 19.5}, x_session_id="no id!")
        await visitor.post("/api/v1/search/listings", {"page": 0})
        await visitor.get("/api/v1/search/suggest", q="sec")
    # Filter, because the suite's shared server may still write the searches of earlier tests.
    rows = await recorded(catalogue.engine)
    return [row for row in rows if row["session"] == VISIT or row["search"].get("bhk") == [19.5]]


async def test_every_search_is_recorded_with_what_it_found(answers: list[dict[str, Any]]):
    seen = [(row["kind"], row["search"], row["total"], row["session"]) for row in answers]
    digest = answers[2]["search"]["q_digest"]
    assert seen == [
        ("guided", {"bhk": [3]}, 1, VISIT),
        ("guided", {"bhk": [3]}, 1, VISIT),
        ("listings", {"q_digest": digest}, 0, VISIT),
        ("listings", {"bhk": [19.5]}, 0, None),
    ]
    assert all(row["type"] == "search" and row["took_ms"] > 0 for row in answers)


def test_what_somebody_typed_is_not_kept_only_that_it_was_the_same():
    kept = [without_words({"q": words, "bhk": [3]}, KEY) for words in ("Asha Rao", "asha rao", "Lotus")]
    assert "Asha" not in str(kept)
    assert (kept[0] == kept[1], kept[0] == kept[2], kept[0]["bhk"]) == (True, False, [3])
    assert without_words({"q": "Asha Rao"}, b"another key")["q_digest"] != kept[0]["q_digest"]


def noted(number: int = 1) -> LoggedSearch:
    return LoggedSearch("testing", ListingsRequest(), number, 1.0, None)


async def totals(engine: AsyncEngine) -> list[int | None]:
    return [row["total"] for row in await recorded(engine) if row["kind"] == "testing"]


async def test_what_cannot_be_written_now_is_written_later(settings: Settings, engine: AsyncEngine):
    away = open_database(settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/x"}))
    log = SearchLog(away, KEY)
    log.add(noted(7))
    await log.write()
    log._database = engine
    await log.write()
    assert await totals(engine) == [7]
    await away.dispose()


async def test_a_long_outage_costs_the_oldest_searches_and_no_memory(settings: Settings, engine: AsyncEngine):
    away = open_database(settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/x"}))
    log = SearchLog(away, KEY)
    for number in range(MOST_WAITING + 5):
        log.add(noted(number))
    await log.write()
    log._database = engine
    await log.write()
    kept = await totals(engine)
    assert (len(kept), kept[0], kept[-1]) == (MOST_WAITING, 5, MOST_WAITING + 4)
    await away.dispose()


async def test_an_answer_does_not_wait_for_the_database(settings: Settings, catalogue: Catalogue):
    nowhere = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/x"})
    async with served(nowhere, "no_database") as api:
        assert (await api.get("/api/v1/search/guided")).status == 200


async def test_large_searches_leave_room_for_fewer(settings: Settings, engine: AsyncEngine):
    """A request of 64 KB takes the room of many small ones."""
    log = SearchLog(engine, KEY)
    for number in range(400):
        log.add(replace(noted(number), size=64_000))
    await log.write()
    most = MOST_WAITING // 65
    assert await totals(engine) == list(range(400 - most, 400))


async def test_what_came_meanwhile_is_written_after_what_is_left(settings: Settings, engine: AsyncEngine):
    class Hasty(SearchLog):
        """A new search arrives while a write fails."""

        async def write_batch(self, batch: Sequence[LoggedSearch]) -> Sequence[LoggedSearch]:
            self.add(noted(99))
            return batch

    log = Hasty(engine, KEY)
    for number in range(BATCH + 1):
        log.add(noted(number))
    await log.write()
    assert await SearchLog.write_batch(log, list(log._entries)) == ()
    assert await totals(engine) == [*range(BATCH + 1), 99]


async def test_an_error_that_nobody_foresaw_ends_neither_the_writer_nor_the_shutdown(engine: AsyncEngine):
    class Broken(SearchLog):
        async def write_batch(self, batch: Sequence[LoggedSearch]) -> Sequence[LoggedSearch]:
            if batch[0].total == 1:
                raise ZeroDivisionError
            return await super().write_batch(batch)

    log = Broken(engine, KEY)
    log.begin()
    log.add(noted(1))
    with capture_logs() as lines:
        await until(lambda: lines, "the error is logged")
    log.add(noted(2))
    await log.end()
    assert await totals(engine) == [2]
    assert [(line["event"], line["count"], line["error"]) for line in lines] == [
        ("notes_lost", 1, "ZeroDivisionError")
    ]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("guided", {"explain": True}),
        ("listings", {"explain": True, "page_size": 2}),
        ("listings", {"explain": True, "q": "Lotus"}),
        ("listings", {"bhk": 19.5}),
        ("map", {"zoom": 12, "geo": BOX}),
        ("map", {"zoom": 12, "bhk": 19.5, "geo": BOX}),
    ],
)
async def test_the_total_that_is_recorded_is_that_of_the_answer_new_or_cached(
    settings: Settings, catalogue: Catalogue, path: str, wanted: dict[str, Any]
):
    await catalogue.store(*(home(title='Lotus "total":7,"page":1', vastu_score=90) for _ in range(3)))
    async with served(settings, "recording_totals") as api:
        visitor = replace(api, always={"x-session-id": "visit-total"})
        answers = [await visitor.post(f"/api/v1/search/{path}", wanted) for _ in range(2)]
    rows = [row for row in await recorded(catalogue.engine) if row["session"] == "visit-total"]
    assert [row["total"] for row in rows] == [answer.body["total"] for answer in answers]
