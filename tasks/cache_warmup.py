"""Warms the search cache: sends the most popular searches to the API before visitors do."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import ClientSession, ClientTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.popular_searches import Popular, popular_searches
from tasks.scheduling.runs import JobContext

MOST = 100
AT_ONCE = 4
"""Kept low because visitors are served at the same time."""
LONGEST_S = 10.0
ATTEMPTS = 3
"""Per search: the API's rate limit applies to the warm-up as to any other client."""
PREFETCH_HEADERS = {"sec-purpose": "prefetch"}
"""Header that keeps warm-up requests out of the popularity counts."""


async def warm_cache(context: JobContext) -> Mapping[str, int]:
    async with AsyncSession(context.engine) as session:
        popular = await popular_searches(session, MOST)
    warmed = await send_searches(context.settings.api_address, popular)
    return {"asked": len(popular), "warmed": warmed}


async def send_searches(api: str, popular: Sequence[Popular]) -> int:
    """Send the searches and return how many were answered; searches that the API refuses are skipped.

    Raises:
        ClientConnectionError: the API is not listening; the run is retried later.
    """
    turns = asyncio.Semaphore(AT_ONCE)
    timeout = ClientTimeout(total=LONGEST_S)
    async with ClientSession(api, headers=PREFETCH_HEADERS, timeout=timeout) as visitor:

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
