"""Client of the AI service, which accepts enhancement jobs and reports results by webhook."""

import time
from http import HTTPStatus
from typing import Protocol

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.security.webhooks import secret_key, signed_headers
from domain.states.enhancement import Job
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
"""Permanent rejections. All other statuses, also those for a wrong secret, are retried later."""


class EnhancerUnavailable(Exception):
    """The AI service did not accept the job; retry later."""


class JobRejected(Exception):
    """The AI service will never accept this job."""


class Enhancer(Protocol):
    async def submit(self, job: Job, image_url: str) -> None:
        """Submit a job. Idempotent: submitting it again does not create another job.

        Args:
            job: the job; the AI service names its id in webhooks.
            image_url: address of the original: a path below the public address, or an absolute URL.

        Raises:
            EnhancerUnavailable: the service did not accept the job; retry later.
            JobRejected: the service will never accept it.
        """


class HttpEnhancer:
    def __init__(self, settings: Settings) -> None:
        self._url = settings.enhancer_url
        self._public_url = settings.public_address
        self._keys = [secret_key(secret) for secret in settings.webhook_secrets]

    async def submit(self, job: Job, image_url: str) -> None:
        if not self._url or not self._keys:
            raise EnhancerUnavailable("ENHANCER_URL or WEBHOOK_SECRET is not set")
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
            raise EnhancerUnavailable(type(error).__name__) from error
        if status in NEVER:
            raise JobRejected(f"answered {status}")
        if status not in TAKEN:
            raise EnhancerUnavailable(f"answered {status}")

    def _body(self, job: Job, image_url: str) -> bytes:
        data = {
            "image_id": job.image_id,
            "job_id": job.id,
            "attempt": job.attempt,
            "image_url": f"{self._public_url}{image_url}" if image_url.startswith("/") else image_url,
            "callback_url": f"{self._public_url}{CALLBACK_PATH}",
        }
        return orjson.dumps({"type": REQUESTED, "data": data})
