"""The API as a process that its own manager restarts, and clients that retry."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from domain.security.tokens import issue_token, signing_keys
from schemas.settings import Settings
from tests.ports import kept_port
from tests.processes import Processes, Program

PATIENCE_S = 120.0
TIMEOUT = ClientTimeout(total=20)
PASSING = {502, 503, 504, 0}
"""Statuses after which a client retries; 0 is a connection that was refused or broke."""


@dataclass
class Portal:
    url: str
    process: Program
    visitor: ClientSession
    statuses: Counter[int] = field(default_factory=Counter)
    """Status -> number of requests."""

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Send one request; return its status, JSON and headers."""
        try:
            async with self.visitor.request(
                method, self.url + path, json=body, headers=headers, timeout=TIMEOUT
            ) as answer:
                found = answer.status, await answer.json(content_type=None), answer.headers
        except (ClientError, TimeoutError) as error:
            # A refused connection carries no request and is not counted.
            found = 0, None, {}
            if isinstance(error, ClientConnectorError):
                return found
        self.statuses[found[0]] += 1
        return found

    async def ask_until_answered(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Retry until an answer's status is not in PASSING; return that answer."""
        last = 0, None, {}

        async def answered() -> bool:
            nonlocal last
            last = await self.ask(method, path, body, headers)
            if is_passing := last[0] in PASSING:
                await asyncio.sleep(0.1)  # pause as a client does that leaves capacity to others
            return not is_passing

        await self.process.until(
            answered, lambda: f"{method} {path} is answered, not by {last}", seconds=PATIENCE_S
        )
        return last

    @property
    def log(self) -> Path:
        return self.process.log

    @property
    def said(self) -> str:
        """The end of the API's log."""
        return self.process.last_words


@asynccontextmanager
async def open_portal(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Portal]:
    """Serve during the block; the API trusts 127.0.0.1 as a proxy, so clients can state any address."""
    processes = Processes(folder)
    with kept_port() as port:
        local = {"API_PORT": str(port), "TRUSTED_PROXY_CIDRS": "127.0.0.1/32"}
        command = [sys.executable, "-m", "server.cli", "serve"]
        try:
            process = processes.start(*command, environment={**environment, **local})
            async with ClientSession() as visitor:
                portal = Portal(f"http://127.0.0.1:{port}", process, visitor)
                await portal.ask_until_answered("GET", "/livez")
                yield portal
        finally:
            processes.kill_all()


def signed_in(settings: Settings, user: UUID) -> dict[str, str]:
    token = issue_token(user, 0, signing_keys(*settings.token_secrets), datetime.now(UTC))
    return {"authorization": f"Bearer {token}"}
