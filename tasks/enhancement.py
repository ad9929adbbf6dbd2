"""The enhancement of a picture, step by step: hand it to the AI service, then take its result in.

Each step is claimed for the length of a lease, so two workers never do it at once for long, and what a
killed worker left is done by another. What happens twice all the same moves nothing the second time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain.enhancement import RESULT_TRIES, Event, pause_after
from domain.pictures import PictureRefused, picture_of
from domain.result_urls import UrlNotAllowed
from imaging.pool import Pool
from schemas.errors import MediaUnavailable, Overloaded
from schemas.settings import Settings
from services.enhancement import Claim, claim, due, expire, move, postpone, store_result
from services.images.intake import StoredPicture, discard, take_in
from stores.crash_points import crash_here
from stores.database import open_database
from stores.enhancer import Enhancer, EnhancerAway, HttpEnhancer, JobRejected
from stores.media import Media, open_media
from stores.results import ResultAway, Results, ResultUnusable, allowed_origins

MOST_OF_A_ROUND, SIDE_BY_SIDE = 100, 4
log = structlog.get_logger(component="enhancement")


@dataclass(frozen=True)
class Tools:
    engine: AsyncEngine
    enhancer: Enhancer
    results: Results
    pool: Pool
    media: Media
    lease: timedelta
    """Longer than any step takes."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Tools]:
    """What a worker needs for one job."""
    engine, pool, media = open_database(settings), Pool(1), open_media(settings)
    results = Results(allowed_origins(settings))
    lease = timedelta(seconds=settings.enhancement_lease_s)
    try:
        yield Tools(engine, HttpEnhancer(settings), results, pool, media, lease)
    finally:
        await pool.close()
        await media.close()
        await engine.dispose()


async def enhance_waiting(settings: Settings) -> int:
    """Do what waits anywhere: put off, lost with a worker, or never queued because Redis was away."""
    async with opened(settings) as tools:
        return await sweep(tools)


async def sweep(tools: Tools) -> int:
    """How many pictures were looked at; when there are more than one round takes, the next goes on."""
    async with AsyncSession(tools.engine) as session:
        waiting = await due(session, MOST_OF_A_ROUND)
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def in_turn(image_id: UUID) -> None:
        async with gate:
            await enhance(tools, image_id)

    ended = await asyncio.gather(*map(in_turn, waiting), return_exceptions=True)
    for error in filter(None, ended):
        raise error
    return len(waiting)


async def check_stuck_images(engine: AsyncEngine, now: datetime) -> Sequence[UUID]:
    """End what has waited too long; whose original stays as it is."""
    async with AsyncSession(engine) as session, session.begin():
        stuck = await expire(session, now)
    for image_id in stuck:
        log.warning("enhancement_timeout", image_id=str(image_id))
    return stuck


async def enhance(tools: Tools, image_id: UUID) -> None:
    """Do what waits at this picture; nothing, when another worker is at it or all is done."""
    async with AsyncSession(tools.engine) as session, session.begin():
        held = await claim(session, image_id, tools.lease)
    if held is None:
        return
    crash_here("enhancement-after-claim")
    if held.result_url is None:
        await hand_over(tools, held)
    else:
        await fetch_result(tools, held, held.result_url)


async def hand_over(tools: Tools, held: Claim) -> None:
    """From pending to processing, unless the AI service is away: then it is asked again, ever less often."""
    try:
        await tools.enhancer.submit(held.job, held.original_url)
    except EnhancerAway as error:
        await put_off(tools, held, str(error))
    except JobRejected as error:
        await fail(tools, held, Event.REJECTED, f"The AI service refused it: it {error}.")
    else:
        crash_here("enhancement-after-post")
        async with AsyncSession(tools.engine) as session, session.begin():
            await move(session, held.job, Event.ACCEPTED)


async def fetch_result(tools: Tools, held: Claim, result_url: str) -> None:
    """From processing to completed; the result goes the way of every upload, from whomever it is."""
    if held.tries > RESULT_TRIES:
        await fail(tools, held, Event.UNUSABLE, "Its result brought down every worker that took it.")
        return
    try:
        content = await tools.results.fetch(result_url)
        crash_here("enhancement-after-fetch")
        stored = await take_in(tools.pool, tools.media, content)
    except (UrlNotAllowed, ResultUnusable, PictureRefused) as error:
        await fail(tools, held, Event.UNUSABLE, f"The result {error}.")
    except ResultAway as error:
        if held.tries == RESULT_TRIES:
            await fail(tools, held, Event.UNUSABLE, f"The result could not be fetched: {error}.")
        else:
            await put_off(tools, held, str(error))
    except (MediaUnavailable, Overloaded) as error:
        await put_off(tools, held, error.code, ours=True)
    else:
        crash_here("after-media-put-before-row")
        await show(tools, held, stored)


async def show(tools: Tools, held: Claim, stored: StoredPicture) -> None:
    """Put the enhanced picture in its row; what nothing shows afterwards is thrown away."""
    async with AsyncSession(tools.engine) as session, session.begin():
        shown, before = await store_result(session, held.job, stored.url)
        crash_here("enhancement-before-commit")
    log.info("enhancement_done", image_id=str(held.job.image_id), shown=shown)
    await discard(tools.media, [picture_of(before) if shown else stored.id])


async def put_off(tools: Tools, held: Claim, why: str, *, ours: bool = False) -> None:
    """Another time. What is wrong on our side is not counted against a result."""
    pause = pause_after(held.tries)
    log.warning(
        "enhancement_put_off", image_id=str(held.job.image_id), why=why, pause_s=pause.total_seconds()
    )
    async with AsyncSession(tools.engine) as session, session.begin():
        await postpone(session, held, pause, forgiven=ours)


async def fail(tools: Tools, held: Claim, event: Event, why: str) -> None:
    log.warning("enhancement_failed", image_id=str(held.job.image_id), why=why)
    async with AsyncSession(tools.engine) as session, session.begin():
        await move(session, held.job, event, enhancement_error=why)
