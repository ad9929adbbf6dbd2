"""The AI service, which takes a job and tells by webhook what became of it."""

import time
from http import HTTPStatus
from typing import Protocol

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.enhancement import Job
from domain.webhooks import secret_key, signed_headers
from schemas.settings import Settings

LONGEST_S = 5.0
REQUESTED = "enhancement.requested"
CALLBACK_PATH = "/api/v1/webhooks/ai-enhancement"
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
NEVER = frozenset({
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
})  # fmt: skip
"""Answers that the same job would get again; any other, for a wrong secret too, is worth asking later."""


class EnhancerAway(Exception):
    """The AI service did not take the job, and may take it later."""


class JobRejected(Exception):
    """The AI service will never take this job."""


class Enhancer(Protocol):
    async def submit(self, job: Job, image_url: str) -> None:
        """Hand a job over; the same job again is the same job.

        Args:
            job: what the AI service names in its webhooks.
            image_url: where the original is, as our settings say it: a path, or a whole address.

        Raises:
            EnhancerAway: nobody took it.
            JobRejected: nobody ever will.
        """


class HttpEnhancer:
    def __init__(self, settings: Settings) -> None:
        self._url = settings.enhancer_url
        self._public_url = settings.public_address
        self._keys = [secret_key(secret) for secret in settings.webhook_secrets]

    async def submit(self, job: Job, image_url: str) -> None:
        if not self._url or not self._keys:
            raise EnhancerAway("ENHANCER_URL or WEBHOOK_SECRET is not set")
        body = self._body(job, image_url)
        headers = signed_headers(job.id, int(time.time()), body, self._keys)
        sent = {"data": body, "headers": {"content-type": "application/json", **headers}}
        timeout = ClientTimeout(total=LONGEST_S)
        try:
            async with (
                ClientSession(timeout=timeout) as session,
                session.post(self._url, allow_redirects=False, **sent) as answer,  # type: ignore[arg-type]
            ):
                status = answer.status
        except (ClientError, OSError, TimeoutError) as error:
            raise EnhancerAway(type(error).__name__) from error
        if status in NEVER:
            raise JobRejected(f"answered {status}")
        if status not in TAKEN:
            raise EnhancerAway(f"answered {status}")

    def _body(self, job: Job, image_url: str) -> bytes:
        data = {
            "image_id": job.image_id,
            "job_id": job.id,
            "attempt": job.attempt,
            "image_url": f"{self._public_url}{image_url}" if image_url.startswith("/") else image_url,
            "callback_url": f"{self._public_url}{CALLBACK_PATH}",
        }
        return orjson.dumps({"type": REQUESTED, "data": data})
