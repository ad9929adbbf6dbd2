"""Helpers for enhancement tests: pictures at any stage, and signed messages of the AI service."""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.webhooks import secret_key, signed_headers
from domain.states.enhancement import Job
from schemas.settings import Settings
from schemas.tables import PropertyImage
from tests.factories import home, picture, store, store_pictures
from tests.server.conftest import Answer, Api

WEBHOOK = "/api/v1/webhooks/ai-enhancement"
RESULT = "https://results.ai.example/a.jpg"
ids = count()

AT = {
    "none": {},
    "pending": {"enhancement_status": "pending"},
    "processing": {"enhancement_status": "processing"},
    "fetching": {"enhancement_status": "processing", "enhancement_result_url": RESULT},
    "completed": {"enhancement_status": "completed", "enhanced_url": "/media/better.webp"},
    "failed": {"enhancement_status": "failed", "enhancement_error": "It is too dark."},
    "timeout": {"enhancement_status": "timeout"},
}
"""Stage -> columns of the picture's row."""


async def store_job(engine: AsyncEngine, stage: str = "pending", *, attempt: int = 1, **columns: Any) -> Job:
    """Store a picture of a new home, with its job at the given stage."""
    [property_id] = await store(engine, home())
    job_id = f"enh_test_{next(ids)}"
    row = {"ai_job_id": job_id, "attempts": attempt} | AT[stage] | columns
    [image_id] = await store_pictures(engine, picture(property_id, **row))
    return Job(image_id, job_id, attempt)


@dataclass(frozen=True)
class Standing:
    """The enhancement columns of a picture's row."""

    status: str
    enhanced_url: str | None
    result_url: str | None
    error: str | None
    job_id: str | None
    attempts: int
    tries: int
    due_at: datetime | None


async def standing(engine: AsyncEngine, image_id: UUID) -> Standing:
    query = select(
        PropertyImage.enhancement_status, PropertyImage.enhanced_url, PropertyImage.enhancement_result_url,
        PropertyImage.enhancement_error, PropertyImage.ai_job_id, PropertyImage.attempts,
        PropertyImage.enhancement_tries, PropertyImage.enhancement_due_at,
    ).where(PropertyImage.id == image_id)  # fmt: skip
    async with engine.connect() as connection:
        return Standing(*(await connection.execute(query)).one())


@dataclass(frozen=True)
class Sender:
    """Sends webhooks as the AI service does."""

    api: Api
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, api: Api, settings: Settings) -> "Sender":
        return cls(replace(api, always={}), tuple(settings.webhook_secrets))

    async def tell(self, job: Job, kind: str, message_id: str | None = None, **data: Any) -> Answer:
        """Send a message about a job, with a new message id unless one is given."""
        facts = {"image_id": job.image_id, "job_id": job.id, "attempt": job.attempt}
        if kind == "completed":
            facts["result_url"] = RESULT
        body = orjson.dumps({"type": f"enhancement.{kind}", "data": facts | data})
        return await self.send(body, message_id)

    async def send(self, body: bytes, message_id: str | None = None, *, seconds: int = 0) -> Answer:
        """Send a signed body; the clock of the signature is off by `seconds`."""
        keys = [secret_key(secret) for secret in self.secrets]
        headers = signed_headers(message_id or f"message_{next(ids)}", int(time.time()) + seconds, body, keys)
        return await self.post(body, headers)

    async def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        sent = {"content-type": "application/json"} | headers
        return await self.api.ask("POST", WEBHOOK, data=body, headers=sent)
