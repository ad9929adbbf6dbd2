"""The stand-in's jobs: fetch the original, enhance it and send webhooks; jobs survive restarts."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

import orjson
import pyvips
from aiohttp import ClientError, ClientSession, ClientTimeout

from domain.security.webhooks import signed_headers
from embedded.enhancer.behaviour import Behaviour
from embedded.enhancer.picture import enhance
from runtime.background import END_S

TIMEOUT = ClientTimeout(total=10)
PAUSES_S = (0.2, 1.0, 5.0, 15.0, 60.0)
"""Pauses between attempts to deliver a webhook."""
AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Asked:
    """The data of a job."""

    image_id: str
    job_id: str
    attempt: int
    image_url: str
    callback_url: str


class Jobs:
    """Each job is kept in a file until its final webhook is sent, so that it continues after a restart."""

    def __init__(self, directory: Path, own_url: str, keys: tuple[bytes, ...]) -> None:
        self.behaviour = Behaviour()
        self._directory = directory
        self.own_url = own_url
        self.keys = keys
        self.seen: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()

    def result(self, name: str) -> Path:
        return self._directory / f"{name}.jpg"

    def go_on(self) -> None:
        for left in self._directory.glob("*.json"):
            self.take(orjson.loads(left.read_bytes()))

    def take(self, data: dict[str, Any]) -> None:
        """Start a job; no-op if this process started it before."""
        asked = Asked(**data)
        if asked.job_id in self.seen:
            return
        self.seen.add(asked.job_id)
        self._note(asked).write_bytes(orjson.dumps(data))
        running = asyncio.create_task(self._run(asked))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def close(self) -> None:
        for running in self._running:
            running.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=END_S)

    def _note(self, asked: Asked) -> Path:
        return self._directory / f"{asked.job_id}.json"

    async def _run(self, asked: Asked) -> None:
        behaviour = self.behaviour
        if behaviour.silent:
            return
        await asyncio.sleep(behaviour.delay_s)
        if behaviour.backwards:
            await self._tell(asked, behaviour, *await self._ended(asked, behaviour))
            await self._tell(asked, behaviour, "processing", {})
        else:
            await self._tell(asked, behaviour, "processing", {})
            await self._tell(asked, behaviour, *await self._ended(asked, behaviour))
        self._note(asked).unlink(missing_ok=True)

    async def _ended(self, asked: Asked, behaviour: Behaviour) -> tuple[str, dict[str, str]]:
        """Enhance the picture; return type and facts of the final webhook."""
        if behaviour.gives_up:
            return "failed", {"reason": behaviour.gives_up}
        try:
            better = await asyncio.to_thread(enhance, await self._original(asked))
        except (ClientError, TimeoutError):
            return "failed", {"reason": "the original cannot be fetched"}
        except pyvips.Error:
            return "failed", {"reason": "the original is no picture"}
        self.result(asked.job_id).write_bytes(better)
        return "completed", {
            "result_url": behaviour.result_url or f"{self.own_url}/results/{asked.job_id}.jpg"
        }

    async def _original(self, asked: Asked) -> bytes:
        async with (
            ClientSession(timeout=TIMEOUT, raise_for_status=True) as session,
            session.get(asked.image_url) as answer,
        ):
            return await answer.read()

    async def _tell(self, asked: Asked, behaviour: Behaviour, kind: str, facts: dict[str, str]) -> None:
        job = {"image_id": asked.image_id, "job_id": asked.job_id, "attempt": asked.attempt}
        body = orjson.dumps({"type": f"enhancement.{kind}", "data": job | facts})
        for _ in range(behaviour.copies):
            await self._send(asked.callback_url, f"{asked.job_id}_{kind}", body, behaviour)

    async def _send(self, url: str, message_id: str, body: bytes, behaviour: Behaviour) -> None:
        """Send a webhook until it is accepted or finally refused; retries keep the id, so it acts once."""
        keys = (token_bytes(32),) if behaviour.forged else self.keys
        for pause_s in (*PAUSES_S, 0):
            headers = signed_headers(message_id, int(time.time()) + behaviour.skew_s, body, keys)
            status = await _posted(url, body, headers)
            if status < 500 and status not in AGAIN:
                return
            await asyncio.sleep(pause_s)


async def _posted(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Return the status of the answer; 503 if there is no answer."""
    try:
        async with ClientSession(timeout=TIMEOUT) as session:
            sent = headers | {"content-type": "application/json"}
            async with session.post(url, data=body, headers=sent) as answer:
                print(f"{headers['webhook-id']}: {answer.status}", flush=True)
                return answer.status
    except (ClientError, OSError, TimeoutError):
        return 503
