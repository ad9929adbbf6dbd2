"""The enhancement of a picture in two steps: submit it to the AI service, then fetch and store the result.

A worker claims each step for the length of a lease. Two workers rarely do the same step at once, and another
worker takes over the step of a killed one. Steps are idempotent: a repeated step changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from domain.pictures import PictureRefused, picture_of
from domain.security.result_urls import UrlNotAllowed
from domain.states.enhancement import RESULT_TRIES, Event, pause_after
from imaging.pool import Pool, opened_pool
from runtime.crash_points import crash_here
from schemas.errors import MediaUnavailable, Overloaded
from schemas.settings import Settings
from services.images.enhancement import Claim, apply_event, claim, due, expire, postpone, store_result
from services.images.intake import StoredPicture, discard, encode_and_store
from stores.database import opened_database
from stores.enhancer import Enhancer, EnhancerUnavailable, HttpEnhancer, JobRejected
from stores.media import Media, opened_media
from stores.results import Results, ResultUnavailable, ResultUnusable, allowed_origins

BATCH, AT_ONCE = 100, 4
log = structlog.get_logger(component="enhancement")


@dataclass(frozen=True)
class Tools:
    engine: AsyncEngine
    enhancer: Enhancer
    results: Results
    pool: Pool
    media: Media
    lease: timedelta
    """How long a claim lasts; longer than any step takes."""


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Tools]:
    """Open what a worker needs for one job, and close it afterwards."""
    results = Results(allowed_origins(settings))
    lease = timedelta(seconds=settings.enhancement_lease_s)
    async with (
        opened_database(settings) as engine,
        opened_media(settings) as media,
        opened_pool(1) as pool,
    ):
        yield Tools(engine, HttpEnhancer(settings), results, pool, media, lease)


async def enhance_waiting(settings: Settings) -> int:
    """Do all waiting steps: those postponed, lost with a worker, or not queued while Redis was down."""
    async with open_tools(settings) as tools:
        return await enhance_due(tools)


async def enhance_due(tools: Tools) -> int:
    """Process one round of waiting pictures and return their number; the next sweep takes the rest."""
    async with AsyncSession(tools.engine) as session:
        waiting = await due(session, BATCH)
    gate = asyncio.Semaphore(AT_ONCE)

    async def in_turn(image_id: UUID) -> None:
        async with gate:
            await enhance(tools, image_id)

    ended = await asyncio.gather(*map(in_turn, waiting), return_exceptions=True)
    for error in filter(None, ended):
        raise error
    return len(waiting)


async def check_stuck_images(engine: AsyncEngine, now: datetime) -> Sequence[UUID]:
    """Time out enhancements that have waited too long; the original picture stays as it is."""
    async with AsyncSession(engine) as session, session.begin():
        stuck = await expire(session, now)
    for image_id in stuck:
        log.warning("enhancement_timeout", image_id=str(image_id))
    return stuck


async def enhance(tools: Tools, image_id: UUID) -> None:
    """Do the waiting step of this picture; no-op if another worker holds it or nothing is waiting."""
    async with AsyncSession(tools.engine) as session, session.begin():
        claimed = await claim(session, image_id, tools.lease)
    if claimed is None:
        return
    crash_here("enhancement-after-claim")
    if claimed.result_url is None:
        await submit(tools, claimed)
    else:
        await fetch_result(tools, claimed, claimed.result_url)


async def submit(tools: Tools, claimed: Claim) -> None:
    """Submit the picture (pending -> processing); postpone with a growing pause if the AI service is down."""
    try:
        await tools.enhancer.submit(claimed.job, claimed.original_url)
    except EnhancerUnavailable as error:
        await postpone_step(tools, claimed, str(error))
    except JobRejected as error:
        await fail(tools, claimed, Event.REJECTED, f"The AI service refused it: it {error}.")
    else:
        crash_here("enhancement-after-post")
        async with AsyncSession(tools.engine) as session, session.begin():
            await apply_event(session, claimed.job, Event.ACCEPTED)


async def fetch_result(tools: Tools, claimed: Claim, result_url: str) -> None:
    """Fetch the result (processing -> completed); it passes the same checks as every upload."""
    if claimed.tries > RESULT_TRIES:
        await fail(tools, claimed, Event.UNUSABLE, "Its result brought down every worker that took it.")
        return
    try:
        content = await tools.results.fetch(result_url)
        crash_here("enhancement-after-fetch")
        stored = await encode_and_store(tools.pool, tools.media, content)
    except (UrlNotAllowed, ResultUnusable, PictureRefused) as error:
        await fail(tools, claimed, Event.UNUSABLE, f"The result {error}.")
    except ResultUnavailable as error:
        if claimed.tries == RESULT_TRIES:
            await fail(tools, claimed, Event.UNUSABLE, f"The result could not be fetched: {error}.")
        else:
            await postpone_step(tools, claimed, str(error))
    except (MediaUnavailable, Overloaded) as error:
        await postpone_step(tools, claimed, error.code, ours=True)
    else:
        crash_here("after-media-put-before-row")
        await store_enhanced(tools, claimed, stored)


async def store_enhanced(tools: Tools, claimed: Claim, stored: StoredPicture) -> None:
    """Store the enhanced picture; discard the one that it replaces, or itself if no longer wanted."""
    async with AsyncSession(tools.engine) as session, session.begin():
        shown, before = await store_result(session, claimed.job, stored.url)
        crash_here("enhancement-before-commit")
    log.info("enhancement_done", image_id=str(claimed.job.image_id), shown=shown)
    await discard(tools.media, [picture_of(before) if shown else stored.id])


async def postpone_step(tools: Tools, claimed: Claim, why: str, *, ours: bool = False) -> None:
    """Postpone the step. A failure on our side (`ours`) does not count as a try of the result."""
    pause = pause_after(claimed.tries)
    log.warning(
        "enhancement_put_off", image_id=str(claimed.job.image_id), why=why, pause_s=pause.total_seconds()
    )
    async with AsyncSession(tools.engine) as session, session.begin():
        await postpone(session, claimed, pause, uncounted=ours)


async def fail(tools: Tools, claimed: Claim, event: Event, why: str) -> None:
    log.warning("enhancement_failed", image_id=str(claimed.job.image_id), why=why)
    async with AsyncSession(tools.engine) as session, session.begin():
        await apply_event(session, claimed.job, event, enhancement_error=why)
