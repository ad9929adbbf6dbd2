"""The stand-in for the AI service, well behaved and faulty, and how the API copes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import pyvips
from aiohttp import ClientSession, web
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.webhooks import secret_key, signed_headers
from domain.states.enhancement import Job
from embedded.enhancer.behaviour import Behaviour
from embedded.enhancer.jobs import Jobs
from embedded.enhancer.picture import enhance
from embedded.enhancer.service import create_service
from schemas.settings import Settings
from tests.enhancements import WEBHOOK, Standing, standing, store_job
from tests.outside import listening
from tests.pictures import jpeg, photo, transparent
from tests.server.conftest import Api, served

SECRET = "a secret that two of us share"


@dataclass
class StandIn:
    origin: str
    jobs: Jobs
    directory: Path
    api: Api
    engine: AsyncEngine

    async def take(self, job: Job, *, secret: str = SECRET) -> int:
        """Send a job as the product does; return the status."""
        body = orjson.dumps({"type": "enhancement.requested", "data": self.data(job)})
        headers = signed_headers(job.id, int(time.time()), body, [secret_key(secret)])
        async with (
            ClientSession() as us,
            us.post(f"{self.origin}/jobs", data=body, headers=headers) as answer,
        ):
            return answer.status

    def data(self, job: Job) -> dict[str, Any]:
        addresses = {"image_url": f"{self.origin}/original", "callback_url": f"{self.api.url}{WEBHOOK}"}
        return {"image_id": str(job.image_id), "job_id": job.id, "attempt": job.attempt} | addresses

    async def ended(self, job: Job) -> Standing:
        """Wait until the stand-in has sent all its messages; return the picture's enhancement columns."""
        await asyncio.gather(*self.jobs._running)
        assert not any(self.directory.glob("*.json"))
        return await standing(self.engine, job.image_id)


@asynccontextmanager
async def standing_in(
    api: Api, engine: AsyncEngine, directory: Path, original: bytes
) -> AsyncIterator[StandIn]:
    jobs = Jobs(directory, "", (secret_key(SECRET),))
    service = create_service(jobs)

    async def show_original(_: web.Request) -> web.Response:
        return web.Response(body=original)

    service.add_routes([web.get("/original", show_original)])
    async with listening(service) as jobs.own_url:
        yield StandIn(jobs.own_url, jobs, directory, api, engine)


@pytest.fixture(scope="module")
async def listener(settings: Settings) -> AsyncIterator[Api]:
    """The API; it fetches results from a stand-in at any port."""
    ours = {"webhook_secret": SecretStr(SECRET)}
    async with served(settings.model_copy(update=ours), "listening") as api:
        yield api


@pytest.fixture
async def stand_in(listener: Api, engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[StandIn]:
    async with standing_in(listener, engine, tmp_path, jpeg(photo(320, 240))) as stand_in:
        yield stand_in


ELSEWHERE = "https://results.ai.example/a.jpg"


@pytest.mark.parametrize(
    ("behaviour", "status", "result_url", "error"),
    [
        ({}, "processing", ELSEWHERE, None),
        ({"copies": 3, "backwards": True}, "processing", ELSEWHERE, None),
        ({"delay_s": 0.2}, "processing", ELSEWHERE, None),
        ({"gives_up": "too dark"}, "failed", None, "The AI service gave up: too dark"),
        ({"forged": True}, "pending", None, None),
        ({"skew_s": 400}, "pending", None, None),
        ({"skew_s": -400}, "pending", None, None),
        ({"result_url": "https://169.254.169.254/latest"}, "processing", None, None),
    ],
)
async def test_the_api_makes_the_best_of_it(
    stand_in: StandIn, engine: AsyncEngine, behaviour, status, result_url, error
):
    async with ClientSession() as us:
        told = orjson.dumps({"result_url": ELSEWHERE} | behaviour)
        async with us.put(f"{stand_in.origin}/behaviour", data=told) as answer:
            assert await answer.json() == Behaviour(**{"result_url": ELSEWHERE} | behaviour).model_dump()
    job = await store_job(engine, "pending")
    assert await stand_in.take(job) == 202
    after = await stand_in.ended(job)
    assert (after.status, after.result_url, after.error) == (status, result_url, error)


async def test_it_takes_no_job_of_a_stranger(stand_in: StandIn, engine: AsyncEngine):
    job = await store_job(engine, "pending")
    assert await stand_in.take(job, secret="a secret that nobody else has") == 401
    assert (await stand_in.ended(job)).status == "pending"


@pytest.mark.parametrize("answers", [503, 422])
async def test_it_can_be_away(stand_in: StandIn, engine: AsyncEngine, answers: int):
    stand_in.jobs.behaviour = Behaviour(answers=answers)
    assert await stand_in.take(await store_job(engine, "pending")) == answers


async def test_it_can_fall_silent(stand_in: StandIn, engine: AsyncEngine):
    stand_in.jobs.behaviour = Behaviour(silent=True)
    job = await store_job(engine, "pending")
    assert await stand_in.take(job) == 202
    await asyncio.sleep(0.1)
    assert (await standing(engine, job.image_id)).status == "pending"


async def test_what_it_was_at_when_it_was_stopped_it_goes_on_with(
    stand_in: StandIn, engine: AsyncEngine, listener: Api
):
    job = await store_job(engine, "pending")
    stand_in.jobs.behaviour = Behaviour(delay_s=600)
    assert await stand_in.take(job) == 202
    await stand_in.jobs.close()
    async with standing_in(listener, engine, stand_in.directory, jpeg(photo(320, 240))) as successor:
        assert (await successor.ended(job)).status == "processing"


@pytest.mark.parametrize("original", [b"no picture", jpeg(photo(320, 240))[:3_000]])
async def test_it_says_when_the_original_is_none(
    listener: Api, engine: AsyncEngine, tmp_path: Path, original: bytes
):
    async with standing_in(listener, engine, tmp_path, original) as stand_in:
        job = await store_job(engine, "pending")
        await stand_in.take(job)
        assert (await stand_in.ended(job)).error == "The AI service gave up: the original is no picture"


async def test_its_result_is_served(stand_in: StandIn, engine: AsyncEngine):
    stand_in.jobs.behaviour = Behaviour(result_url=ELSEWHERE)
    job = await store_job(engine, "pending")
    await stand_in.take(job)
    await stand_in.ended(job)
    async with ClientSession() as us:
        async with us.get(f"{stand_in.origin}/results/{job.id}.jpg") as answer:
            assert (answer.status, answer.content_type, (await answer.read())[:3]) == (
                200,
                "image/jpeg",
                b"\xff\xd8\xff",
            )
        async with us.get(f"{stand_in.origin}/results/..%2F{job.id}.jpg") as answer:
            assert answer.status == 404


def lightness(picture: pyvips.Image) -> pyvips.Image:
    return picture.colourspace("lab")[0]


def test_a_dim_picture_becomes_visibly_better():
    dim = (photo(640, 480) * 0.4 + 30).cast("uchar").copy(interpretation="srgb")
    better = pyvips.Image.new_from_buffer(enhance(jpeg(dim, Q=95)), "")
    assert (better.width, better.height, better.get_typeof("exif-data")) == (640, 480, 0)
    assert lightness(better).avg() > lightness(dim).avg() + 10
    assert lightness(better).deviate() > 1.2 * lightness(dim).deviate()


def test_a_picture_of_one_tone_and_one_with_holes_are_pictures_too():
    for original in (jpeg(photo(300, 200) * 0 + 90), transparent().pngsave_buffer()):
        assert enhance(original)[:3] == b"\xff\xd8\xff"
