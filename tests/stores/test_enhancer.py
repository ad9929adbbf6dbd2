"""Jobs are posted to a real server with a signature; each answer means accepted, refused or retry."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from secrets import token_hex
from uuid import uuid4

import orjson
import pytest
from aiohttp import web

from domain.security.webhooks import verify
from domain.states.enhancement import Job
from schemas.settings import Settings
from stores.enhancer import EnhancerUnavailable, HttpEnhancer, JobRejected
from tests.outside import listening

OLD, NEW = token_hex(32), token_hex(32)
JOB = Job(uuid4(), "enh_0123456789", 2)


@dataclass
class Service:
    url: str = ""
    answers: int = 202
    requests: list[tuple[dict[str, list[str]], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): request.headers.getall(name) for name in request.headers}
        self.requests.append((headers, await request.read()))
        return web.Response(status=self.answers, headers={"location": "/elsewhere"})

    def settings(self, **changed: object) -> Settings:
        ours = {"webhook_secret": NEW, "webhook_previous_secret": OLD, "public_url": "https://api.example/"}
        return Settings(**{"enhancer_url": f"{self.url}/jobs"} | ours | changed)  # type: ignore[arg-type]


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service, app = Service(), web.Application()
    app.add_routes([web.post("/jobs", service.take), web.route("*", "/elsewhere", service.take)])
    async with listening(app) as service.url:
        yield service


@pytest.mark.parametrize(
    ("image_url", "sent"),
    [
        ("/media/img/a/large.webp", "https://api.example/media/img/a/large.webp"),
        ("https://cdn.example/img/a/large.webp", "https://cdn.example/img/a/large.webp"),
    ],
)
async def test_a_job_says_all_that_the_service_needs(service: Service, image_url: str, sent: str):
    await HttpEnhancer(service.settings()).submit(JOB, image_url)
    [(_, body)] = service.requests
    assert orjson.loads(body) == {
        "type": "enhancement.requested",
        "data": {
            "image_id": str(JOB.image_id),
            "job_id": "enh_0123456789",
            "attempt": 2,
            "image_url": sent,
            "callback_url": "https://api.example/api/v1/webhooks/ai-enhancement",
        },
    }


@pytest.mark.parametrize("known", [NEW, OLD], ids=["new", "old"])
async def test_a_job_is_believed_by_whoever_knows_either_secret(service: Service, known: str):
    await HttpEnhancer(service.settings()).submit(JOB, "/media/a.webp")
    [(headers, body)] = service.requests
    assert verify(headers, body, [known.encode()], time.time()) == JOB.id


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_job_is_taken(service: Service, status: int):
    service.answers = status
    await HttpEnhancer(service.settings()).submit(JOB, "/media/a.webp")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, JobRejected) for status in (400, 413, 415, 422)),
        *((status, EnhancerUnavailable) for status in (302, 401, 403, 404, 409, 429, 500, 502, 503, 504)),
    ],
)
async def test_a_job_is_refused_for_ever_or_for_now(service: Service, status: int, error: type[Exception]):
    service.answers = status
    with pytest.raises(error, match=f"answered {status}"):
        await HttpEnhancer(service.settings()).submit(JOB, "/media/a.webp")
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "unset",
    [
        {"enhancer_url": ""},
        {"webhook_secret": "", "webhook_previous_secret": ""},
        {"enhancer_url": "http://127.0.0.1:1/jobs"},
    ],
)
async def test_without_a_service_jobs_wait(service: Service, unset: dict[str, str]):
    with pytest.raises(EnhancerUnavailable):
        await HttpEnhancer(service.settings(**unset)).submit(JOB, "/media/a.webp")
    assert service.requests == []
