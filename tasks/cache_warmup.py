"""What many visitors ask for, asked before they do, so that its answers are kept."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import ClientSession, ClientTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from services.popular_searches import Popular, popular_searches
from tasks.runs import Work

MOST = 100
AT_ONCE = 4
"""Few, for visitors are served at the same time."""
LONGEST_S = 10.0
ATTEMPTS = 3
"""The API limits us like any other address."""
NOBODY_ASKED = {"sec-purpose": "prefetch"}
"""So that a warm-up does not make popular what it asks for."""


async def warm_cache(work: Work) -> Mapping[str, int]:
    async with AsyncSession(work.engine) as session:
        popular = await popular_searches(session, MOST)
    warmed = await ask_all(work.settings.api_address, popular)
    return {"asked": len(popular), "warmed": warmed}


async def ask_all(api: str, popular: Sequence[Popular]) -> int:
    """How many were answered; a search that today's API refuses is passed over.

    Raises:
        ClientConnectionError: nobody listens there; the run is tried again later.
    """
    turns = asyncio.Semaphore(AT_ONCE)
    timeout = ClientTimeout(total=LONGEST_S)
    async with ClientSession(api, headers=NOBODY_ASKED, timeout=timeout) as visitor:

        async def ask(one: Popular) -> bool:
            async with turns:
                for _ in range(ATTEMPTS):
                    async with visitor.post(f"/api/v1/search/{one.kind}", json=one.search) as answer:
                        await answer.read()
                    if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                        return answer.status == HTTPStatus.OK
                    await asyncio.sleep(int(answer.headers["retry-after"]))
                return False

        return sum(await asyncio.gather(*map(ask, popular)))
