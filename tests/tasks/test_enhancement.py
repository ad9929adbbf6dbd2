"""The steps of an enhancement: what each leaves in Postgres and in storage, also after errors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain.pictures import VARIANTS
from domain.security.result_urls import Origins
from domain.states.enhancement import RESULT_TRIES, Event, Job, pause_after
from imaging.pool import Pool
from schemas.errors import MediaUnavailable
from services.audit import Actor
from services.images.enhancement import apply_event, apply_service_event, claim, request, revert
from services.images.enhancement_queue import queue_length
from stores.enhancer import EnhancerUnavailable, JobRejected
from stores.media import DirectoryMedia, Media
from stores.results import Results
from tasks.enhancement import Tools, check_stuck_images, enhance, enhance_due
from tests.enhancements import Standing, standing, store_job
from tests.outside import listening
from tests.pictures import jpeg, photo

SOMEBODY = Actor(None, "a test")
HOURS = timedelta(hours=1)


@dataclass
class FakeEnhancer:
    jobs: list[tuple[Job, str]] = field(default_factory=list)
    error: Exception | None = None

    async def submit(self, job: Job, image_url: str) -> None:
        self.jobs.append((job, image_url))
        await asyncio.sleep(0.01)
        if self.error is not None:
            raise self.error


@dataclass
class ResultServer:
    origin: str = ""
    content: bytes = b""
    status: int = 200
    asked: int = 0
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    """Called while a request for the result waits."""

    async def show(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        return web.Response(status=self.status, body=self.content, headers={"location": "/result"})


@dataclass
class Workshop:
    tools: Tools
    enhancer: FakeEnhancer
    server: ResultServer

    @property
    def result(self) -> dict[str, str]:
        """Columns of a picture whose result is on the test server."""
        return {"enhancement_result_url": f"{self.server.origin}/result"}

    async def work(self, job: Job) -> Standing:
        """Run one step of the job; return the picture's enhancement columns."""
        await enhance(self.tools, job.image_id)
        return await self.look(job)

    async def look(self, job: Job) -> Standing:
        return await standing(self.tools.engine, job.image_id)

    async def stored(self) -> set[str]:
        return {each.key async for each in self.tools.media.list("img/")}


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(1)
    yield pool
    await pool.close()


@pytest.fixture
async def workshop(engine: AsyncEngine, pool: Pool, tmp_path: Path) -> AsyncIterator[Workshop]:
    server, app = ResultServer(content=jpeg(photo(640, 480))), web.Application()
    app.add_routes([web.get("/result", server.show)])
    async with listening(app) as server.origin:
        enhancer = FakeEnhancer()
        results, media = Results(Origins(local=server.origin)), DirectoryMedia(tmp_path, "/media")
        yield Workshop(Tools(engine, enhancer, results, pool, media, timedelta(minutes=1)), enhancer, server)


async def due(engine: AsyncEngine, stage: str = "pending", **columns: Any) -> Job:
    """Store a job whose next step is due."""
    return await store_job(engine, stage, **{"enhancement_due_at": datetime.now(UTC) - HOURS} | columns)


async def hurry(engine: AsyncEngine) -> None:
    """End every pause and lease."""
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE property_images SET enhancement_due_at = now() WHERE enhancement_due_at IS NOT NULL")
        )


async def at(engine: AsyncEngine, image_id: object, question: str) -> Any:
    async with engine.connect() as connection:
        return await connection.scalar(
            text(f"SELECT {question} FROM property_images WHERE id = :id"), {"id": image_id}
        )


async def test_a_job_is_handed_over_once_and_then_waits_for_news(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine)
    after = await workshop.work(job)
    assert (after.status, after.due_at, after.tries) == ("processing", None, 0)
    assert await workshop.work(job) == after
    assert workshop.enhancer.jobs == [(job, "/media/a.webp")]


async def test_two_workers_at_once_hand_it_over_once(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine)
    await asyncio.gather(*(enhance(workshop.tools, job.image_id) for _ in range(5)))
    assert workshop.enhancer.jobs == [(job, "/media/a.webp")]


async def test_while_the_ai_service_is_away_it_is_asked_ever_less_often(
    workshop: Workshop, engine: AsyncEngine
):
    job = await due(engine)
    workshop.enhancer.error = EnhancerUnavailable("answered 503")
    for tries in (1, 2, 3):
        after = await workshop.work(job)
        assert (after.status, after.tries) == ("pending", tries)
        pause_s = await at(engine, job.image_id, "extract(epoch FROM enhancement_due_at - now())")
        expected_s = pause_after(tries).total_seconds()
        assert expected_s - 5 < pause_s <= expected_s
        assert await workshop.work(job) == after, "not yet"
        await hurry(engine)
    workshop.enhancer.error = None
    assert (await workshop.work(job)).status == "processing"
    assert {asked for asked, _ in workshop.enhancer.jobs} == {job}, "the same job each time"


async def test_what_the_ai_service_will_never_take_has_failed(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine)
    workshop.enhancer.error = JobRejected("answered 422")
    after = await workshop.work(job)
    assert (after.status, after.error, after.due_at) == (
        "failed", "The AI service refused it: it answered 422.", None
    )  # fmt: skip


async def test_a_result_goes_the_way_of_every_upload(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", **workshop.result)
    after = await workshop.work(job)
    stored = await workshop.stored()
    assert (after.status, after.result_url, after.due_at, after.error) == ("completed", None, None, None)
    assert f"/media/{next(key for key in stored if 'large' in key)}" == after.enhanced_url
    assert {Path(key).stem for key in stored} == set(VARIANTS)
    assert {(await workshop.tools.media.get(key))[8:12] for key in stored} == {b"WEBP"}
    assert await at(engine, job.image_id, "original_url") == "/media/a.webp"
    assert await workshop.work(job) == after
    assert workshop.server.asked == 1


async def test_the_listing_is_indexed_anew_with_its_better_picture(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", **workshop.result)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM search_outbox"))
    await workshop.work(job)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM search_outbox")) == 1


@pytest.mark.parametrize(
    ("served", "error"),
    [
        ({"content": b"<html>no picture</html>"}, "The result is not a JPEG, PNG or WebP picture."),
        (
            {"content": jpeg(photo(100, 100))},
            "The result has 100 x 100 pixels; 200 pixels a side are needed.",
        ),
        ({"content": jpeg(photo(640, 480))[:2_000]}, "The result is damaged."),
        ({"status": 404}, "The result answered 404."),
        ({"status": 302}, "The result is somewhere else, and redirects are not followed."),
    ],
)
async def test_a_result_that_is_none_has_failed_with_its_reason(
    workshop: Workshop, engine: AsyncEngine, served, error
):
    for name, value in served.items():
        setattr(workshop.server, name, value)
    job = await due(engine, "fetching", **workshop.result)
    after = await workshop.work(job)
    assert (after.status, after.error, after.enhanced_url) == ("failed", error, None)
    assert await workshop.stored() == set()


async def test_an_address_that_was_allowed_yesterday_is_checked_again(
    workshop: Workshop, engine: AsyncEngine
):
    job = await due(engine, "fetching", enhancement_result_url="https://results.ai.example/a.jpg")
    after = await workshop.work(job)
    assert (after.status, after.error) == ("failed", "The result is on a host that is not allowed.")


async def test_a_result_that_is_away_is_fetched_later_but_not_for_ever(
    workshop: Workshop, engine: AsyncEngine
):
    workshop.server.status = 503
    job = await due(engine, "fetching", enhancement_tries=RESULT_TRIES - 2, **workshop.result)
    after = await workshop.work(job)
    assert (after.status, after.tries) == ("processing", RESULT_TRIES - 1)
    await hurry(engine)
    after = await workshop.work(job)
    assert (after.status, after.error) == ("failed", "The result could not be fetched: answered 503.")


async def test_a_result_that_brings_down_its_workers_is_left_alone(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", enhancement_tries=RESULT_TRIES, **workshop.result)
    after = await workshop.work(job)
    assert (after.status, after.error, workshop.server.asked) == (
        "failed", "Its result brought down every worker that took it.", 0
    )  # fmt: skip


@dataclass
class BrokenMedia:
    """Storage that is unavailable."""

    inner: Media

    async def put(self, *_: Any) -> None:
        raise MediaUnavailable

    async def delete(self, _: Any) -> None:
        raise MediaUnavailable

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


async def test_storage_that_is_away_is_not_held_against_the_result(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", enhancement_tries=RESULT_TRIES - 1, **workshop.result)
    away = replace(workshop, tools=replace(workshop.tools, media=BrokenMedia(workshop.tools.media)))
    after = await away.work(job)
    assert (after.status, after.tries) == ("processing", RESULT_TRIES - 1)
    await hurry(engine)
    assert (await workshop.work(job)).status == "completed"


async def test_a_result_that_nobody_wants_any_more_leaves_nothing(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", **workshop.result)

    async def change_of_mind() -> None:
        async with AsyncSession(engine) as session, session.begin():
            await revert(session, SOMEBODY, job.image_id)

    workshop.server.meanwhile = change_of_mind
    after = await workshop.work(job)
    assert (after.status, after.enhanced_url, await workshop.stored()) == ("none", None, set())


async def test_another_result_replaces_the_one_before(workshop: Workshop, engine: AsyncEngine):
    job = await due(engine, "fetching", **workshop.result)
    first = (await workshop.work(job)).enhanced_url
    async with AsyncSession(engine) as session, session.begin():
        asked = await request(session, SOMEBODY, job.image_id, force=True)
    again = Job(job.image_id, str(asked["ai_job_id"]), 2)
    await workshop.work(again)
    async with AsyncSession(engine) as session, session.begin():
        address = {"enhancement_result_url": workshop.result["enhancement_result_url"]}
        await apply_service_event(
            session, again, Event.DELIVERED, **address, enhancement_due_at=datetime.now(UTC) - HOURS
        )
    assert (await workshop.look(again)).enhanced_url == first
    after = await workshop.work(again)
    assert (after.status, after.enhanced_url != first, len(await workshop.stored())) == ("completed", True, 3)


async def test_what_is_thrown_away_and_stays_is_not_a_failure(workshop: Workshop, engine: AsyncEngine):
    job = await due(
        engine,
        "fetching",
        **workshop.result,
        enhanced_url="/media/img/01a20b4c-8783-731b-b323-0cc8572c7144/large.webp",
    )

    class Stubborn(BrokenMedia):
        async def put(self, *file: Any) -> None:
            await self.inner.put(*file)

    tools = replace(workshop.tools, media=Stubborn(workshop.tools.media))
    assert (await replace(workshop, tools=tools).work(job)).status == "completed"


async def test_what_a_killed_worker_began_is_another_s_when_its_lease_is_over(
    workshop: Workshop, engine: AsyncEngine
):
    job = await due(engine)
    async with AsyncSession(engine) as session, session.begin():
        assert await claim(session, job.image_id, timedelta(minutes=1)) is not None
    assert (await enhance_due(workshop.tools), (await workshop.look(job)).status) == (0, "pending")
    await hurry(engine)
    assert (await enhance_due(workshop.tools), (await workshop.look(job)).status) == (1, "processing")


async def test_a_worker_that_comes_back_after_its_lease_changes_nothing(
    workshop: Workshop, engine: AsyncEngine
):
    """Both workers fetch the result. One publishes it, the other deletes what it stored."""
    job = await due(engine, "fetching", **workshop.result)
    shown = []

    async def another_takes_over() -> None:
        workshop.server.meanwhile = None
        await hurry(engine)
        shown.append(await workshop.work(job))

    workshop.server.meanwhile = another_takes_over
    assert [await workshop.work(job)] == shown
    assert (shown[0].status, len(await workshop.stored()), workshop.server.asked) == ("completed", 3, 2)


async def test_news_that_overtake_the_worker_count(workshop: Workshop, engine: AsyncEngine):
    """The AI service's webhook arrives before the worker has recorded that the job was accepted."""
    job = await due(engine)
    async with AsyncSession(engine) as session, session.begin():
        await claim(session, job.image_id, timedelta(minutes=1))
        assert await apply_service_event(
            session, job, Event.DELIVERED, enhancement_result_url="https://results.ai.example/a"
        )
        assert not await apply_event(session, job, Event.ACCEPTED)
    after = await workshop.look(job)
    assert (after.status, after.result_url, after.tries) == ("processing", "https://results.ai.example/a", 0)


async def test_a_sweep_does_whatever_waits_anywhere(workshop: Workshop, engine: AsyncEngine):
    now = datetime.now(UTC)
    for hours in (3, 1, 2, -1):
        await store_job(engine, "pending", enhancement_due_at=now - hours * HOURS)
    await due(engine, "fetching", **workshop.result)
    await store_job(engine, "processing")
    assert await enhance_due(workshop.tools) == 4
    async with AsyncSession(engine) as session:
        assert await queue_length(session) == {"pending": 1, "processing": 4}


async def test_a_step_that_breaks_holds_up_no_other(workshop: Workshop, engine: AsyncEngine):
    jobs = [await due(engine) for _ in range(3)]

    class Broken(FakeEnhancer):
        async def submit(self, job: Job, image_url: str) -> None:
            await super().submit(job, image_url)
            if job == jobs[0]:
                raise RuntimeError("a mistake of ours")

    with pytest.raises(RuntimeError):
        await enhance_due(replace(workshop.tools, enhancer=Broken()))
    assert [(await workshop.look(job)).status for job in jobs] == ["pending", "processing", "processing"]


@pytest.mark.parametrize("stage", ["pending", "processing", "fetching"])
@pytest.mark.parametrize(
    ("waited", "gives_up"), [(48 * HOURS, True), (48 * HOURS - timedelta(seconds=1), False)]
)
async def test_whoever_has_not_delivered_after_two_days_never_will(
    engine: AsyncEngine, stage, waited, gives_up
):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    job = await due(engine, stage, requested_at=now - waited)
    stuck = await check_stuck_images(engine, now)
    after = await standing(engine, job.image_id)
    assert (stuck, after.status == "timeout") == ([job.image_id] if gives_up else [], gives_up)
    assert (after.due_at is None, after.result_url is None) == (gives_up, gives_up or stage != "fetching")


@pytest.mark.parametrize("stage", ["none", "completed", "failed", "timeout"])
async def test_what_has_ended_cannot_be_stuck(engine: AsyncEngine, stage: str):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    job = await store_job(engine, stage, requested_at=now - 100 * HOURS)
    before = await standing(engine, job.image_id)
    assert (await check_stuck_images(engine, now), await standing(engine, job.image_id)) == ([], before)


async def test_what_was_given_up_can_be_asked_for_again_and_the_late_result_is_none(engine: AsyncEngine):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    job = await store_job(engine, "processing", requested_at=now - 49 * HOURS)
    await check_stuck_images(engine, now)
    async with AsyncSession(engine) as session, session.begin():
        assert not await apply_service_event(
            session, job, Event.DELIVERED, enhancement_result_url="https://results.ai.example/a"
        )
        asked = await request(session, SOMEBODY, job.image_id, force=False)
        assert not await apply_service_event(
            session, job, Event.DELIVERED, enhancement_result_url="https://results.ai.example/a"
        )
    assert asked["ai_job_id"] != job.id
    assert (await standing(engine, job.image_id)).status == "pending"
