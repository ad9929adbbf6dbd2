"""A picture is enhanced by real processes, with workers killed or stopped on the way."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pyvips
from aiohttp import ClientError, ClientSession, web
from aiohttp.typedefs import Handler
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import key_of
from domain.security.webhooks import secret_key
from embedded.enhancer.behaviour import Behaviour
from embedded.enhancer.jobs import Jobs
from embedded.enhancer.service import create_service
from schemas.settings import Settings
from stores.media import open_media
from tasks.scheduling.queue import NAME
from tests.enhancements import RESULT, Sender, Standing, standing, store_job
from tests.factories import home, picture, store, store_pictures, store_user
from tests.journeys.conftest import STOPPING, Product
from tests.outside import listening
from tests.pictures import photo
from tests.processes import Program
from tests.server.conftest import Api, served
from tests.waiting import until

CRASH_POINTS = [
    "enhancement-after-claim",
    "enhancement-after-post",
    "enhancement-after-fetch",
    "after-media-put-before-row",
    "enhancement-before-commit",
]


@dataclass
class Gate:
    """Holds requests for a path until the gate opens."""

    path: str = "nothing"
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    @web.middleware
    async def hold(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(self.path):
            self.reached.set()
            await self.opened.wait()
        return await handler(request)


@dataclass
class Stage:
    """The API and the stand-in in this process, workers in others, and a picture to enhance."""

    admin: Api
    jobs: Jobs
    gate: Gate
    engine: AsyncEngine
    image_id: UUID
    product: Product

    async def ask(self) -> None:
        asked = await self.admin.ask("POST", f"/api/v1/admin/images/{self.image_id}/enhance")
        assert asked.status == 202, asked.body

    async def look(self) -> Standing:
        return await standing(self.engine, self.image_id)

    def start_worker(self, **environment: str) -> Program:
        return self.product.start("server.cli", "worker", **environment)

    async def completed(self, worker: Program) -> Standing:
        seen = await self.look()

        async def is_completed() -> bool:
            nonlocal seen
            seen = await self.look()
            return seen.status == "completed"

        await worker.until(is_completed, lambda: f"it is completed, not {seen}")
        return seen

    async def until_due(self) -> None:
        """Wait until a step is due, for example after the lease of a killed worker has expired."""
        overdue = text("SELECT enhancement_due_at <= now() FROM property_images WHERE id = :id")

        async def is_due() -> bool:
            async with self.engine.connect() as connection:
                return bool(await connection.scalar(overdue, {"id": self.image_id}))

        await until(is_due, "there is something to do")

    async def shown(self) -> pyvips.Image:
        """Return the enhanced picture as a browser gets it."""
        url = (await self.look()).enhanced_url
        answer = await self.admin.get(url)
        assert answer.status == 200
        return pyvips.Image.new_from_buffer(answer.body, "")


def dim() -> pyvips.Image:
    """Return a picture of a dark room."""
    return (photo(640, 480) * 0.4 + 30).cast("uchar").copy(interpretation="srgb")


@pytest.fixture
async def stage(
    product: Product, engine: AsyncEngine, settings: Settings, cache: Redis, tmp_path: Path
) -> AsyncIterator[Stage]:
    await cache.delete(f"huey.redis.{NAME}")
    keys = tuple(map(secret_key, settings.webhook_secrets))
    jobs, gate, media = Jobs(tmp_path, "", keys), Gate(), open_media(settings)
    service = create_service(jobs)
    service.middlewares.append(gate.hold)
    original = uuid4()
    await media.put(key_of(original, "large"), dim().webpsave_buffer(), "image/webp")
    [property_id] = await store(engine, home())
    row = picture(property_id, original_url=media.url(key_of(original, "large")))
    [image_id] = await store_pictures(engine, row)
    user = await store_user(engine)
    async with listening(service) as jobs.own_url:
        local = settings.model_copy(update={"enhancer_local_origin": jobs.own_url})
        async with served(local, f"enhancing_{original.hex}") as api:
            product.environment |= {
                "ENHANCER_URL": f"{jobs.own_url}/jobs",
                "ENHANCER_LOCAL_ORIGIN": jobs.own_url,
                "ENHANCEMENT_LEASE_S": "1",
                "WEBHOOK_SECRET": settings.webhook_secrets[0],
                "QUEUE_SECRET": settings.queue_secret.get_secret_value(),
                "PUBLIC_URL": api.url,
            }
            yield Stage(api.signed_in(user, settings), jobs, gate, engine, image_id, product)


def lightness(picture: pyvips.Image) -> float:
    return float(picture.colourspace("lab")[0].avg())


async def test_workers_that_are_killed_at_every_step_delay_a_picture_and_nothing_else(stage: Stage):
    """The AI service's webhooks arrive in between and advance the job without a worker."""
    await stage.ask()
    for point in CRASH_POINTS:
        await stage.until_due()
        assert await stage.start_worker(CRASH_AT=point).ends() == 137, point
    await stage.until_due()
    last = stage.start_worker()
    after = await stage.completed(last)
    assert (after.attempts, after.error, after.due_at) == (1, None, None)
    assert len(stage.jobs.seen) == 1, "what was posted twice was the same job"
    assert await last.stop() == 0
    assert lightness(await stage.shown()) > lightness(dim()) + 10


@pytest.mark.parametrize(("path", "waits_for"), [("/jobs", "processing"), ("/results", "completed")])
async def test_a_worker_that_is_asked_to_stop_finishes_its_step(stage: Stage, path: str, waits_for: str):
    stage.gate.path = path
    stage.jobs.behaviour = Behaviour(silent=path == "/jobs")
    worker = stage.start_worker()
    await stage.ask()
    await worker.until(stage.gate.reached.is_set, f"{path} is asked for")
    worker.send(signal.SIGTERM)
    await worker.says(STOPPING)
    stage.gate.opened.set()
    assert await worker.ends() == 0
    assert (await stage.look()).status == waits_for


async def test_a_message_whose_receiver_is_killed_takes_effect_when_it_is_sent_again(
    product: Product, engine: AsyncEngine, settings: Settings
):
    job = await store_job(engine, "processing")
    product.environment |= {
        "WEBHOOK_SECRET": settings.webhook_secrets[0],
        "ENHANCER_RESULT_HOSTS": settings.enhancer_result_hosts,
    }
    async with ClientSession() as visitor:
        sender = Sender(Api(product.url, visitor), tuple(settings.webhook_secrets))
        killed = await product.serve(CRASH_AT="after-webhook-insert")
        with pytest.raises(ClientError):
            await sender.tell(job, "completed", "message_again")
        killed.kill()
        assert (await standing(engine, job.image_id)).result_url is None
        await product.serve()
        told = [(await sender.tell(job, "completed", "message_again")).body["status"] for _ in range(2)]
    assert (told, (await standing(engine, job.image_id)).result_url) == (["accepted", "duplicate"], RESULT)
