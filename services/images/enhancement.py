"""Enhancements of pictures: requested, advanced by events, reverted.

The row of the picture is the record. Every move is a compare-and-set on picture, job, attempt and stage,
so events that arrive twice, late or out of order are ignored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.enhancement import LONGEST, MOVES, RUNNING, UNFINISHED, Event, Job, Stage, sources, target
from schemas.api.admin.enhancement import Enhancement
from schemas.errors import Conflict, NotFound
from schemas.tables import Property, PropertyImage
from schemas.vocabulary import EnhancementStatus
from services.audit import Actor, record

JOB_COLUMNS = (
    PropertyImage.id, PropertyImage.ai_job_id, PropertyImage.attempts, PropertyImage.enhancement_status,
    PropertyImage.enhancement_result_url, PropertyImage.enhanced_url,
)  # fmt: skip
RESET_COLUMNS: dict[str, Any] = {
    "enhancement_due_at": None,
    "enhancement_tries": 0,
    "enhancement_result_url": None,
    "enhancement_error": None,
}
"""Values that every move writes, unless it sets others."""


@dataclass(frozen=True)
class Claim:
    """A job that this worker holds until its lease ends."""

    job: Job
    original_url: str
    result_url: str | None
    """None if the AI service has not accepted the job yet."""
    tries: int
    """Counted from 1, including this one."""


async def request(session: AsyncSession, actor: Actor, image_id: UUID, *, force: bool) -> Enhancement:
    """Return the running job, or start a new one.

    Raises:
        NotFound: no such picture.
        Conflict: it is already enhanced, and `force` is not set.
    """
    row = await _locked(session, image_id)
    if _stage(row) in RUNNING:
        return _view(row)
    event = Event.FORCED if force else Event.REQUESTED
    if event not in MOVES[_stage(row)]:
        raise Conflict("This picture is enhanced already; ask with force for another result.")
    new = {"ai_job_id": f"enh_{token_hex(16)}", "attempts": row.attempts + 1, "requested_at": func.now()}
    asked = update(PropertyImage).where(PropertyImage.id == image_id).values(
        enhancement_status=target(event).status, **RESET_COLUMNS | {"enhancement_due_at": func.now()}, **new
    )  # fmt: skip
    await _audit(session, actor, "image.enhance", row, target(event).status)
    return _view((await session.execute(asked.returning(*JOB_COLUMNS))).one())


async def revert(session: AsyncSession, actor: Actor, image_id: UUID) -> tuple[Enhancement, str | None]:
    """Revert to the original from any stage; also return the URL of the enhanced picture, if it had one."""
    await _lock_property(session, image_id)
    row = await _locked(session, image_id)
    if _stage(row) is not Stage.NONE:
        back = {"enhancement_status": EnhancementStatus.NONE, "enhanced_url": None}
        await session.execute(
            update(PropertyImage).where(PropertyImage.id == image_id).values(**RESET_COLUMNS, **back)
        )
        await _audit(session, actor, "image.revert", row, EnhancementStatus.NONE)
    job_id = row.ai_job_id
    shown = Enhancement(image_id=image_id, ai_job_id=job_id, enhancement_status=EnhancementStatus.NONE)
    return shown, row.enhanced_url


async def _locked(session: AsyncSession, image_id: UUID) -> Row[*tuple[Any, ...]]:
    query = select(*JOB_COLUMNS).where(PropertyImage.id == image_id).with_for_update()
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such picture.")
    return row


async def _lock_property(session: AsyncSession, image_id: UUID) -> None:
    """Lock the property before its picture, as its editors do, because what it shows will change."""
    owner = select(PropertyImage.property_id).where(PropertyImage.id == image_id).scalar_subquery()
    await session.execute(select(Property.id).where(Property.id == owner).with_for_update(key_share=True))


def _stage(row: Row[*tuple[Any, ...]]) -> Stage:
    return Stage.FETCHING if row.enhancement_result_url is not None else Stage(row.enhancement_status)


def _view(row: Row[*tuple[Any, ...]]) -> Enhancement:
    return Enhancement(image_id=row.id, ai_job_id=row.ai_job_id, enhancement_status=row.enhancement_status)


async def _audit(
    session: AsyncSession, actor: Actor, action: str, row: Row[*tuple[Any, ...]], status: EnhancementStatus
) -> None:
    changes = {"enhancement_status": (row.enhancement_status, status)}
    await record(session, actor, action, entity_type="image", entity_id=row.id, changes=changes)


async def apply_event(session: AsyncSession, job: Job, event: Event, **values: Any) -> bool:
    """Apply the event if this is the picture's job and its stage allows the event; tell whether it did."""
    moved = (
        update(PropertyImage)
        .where(*_is_job(job), or_(*map(_is_in_stage, sources(event))))
        .values(
            {"enhancement_status": target(event).status, "updated_at": func.now(), **RESET_COLUMNS, **values}
        )
        .returning(PropertyImage.id)
    )
    return await session.scalar(moved) is not None


async def apply_service_event(session: AsyncSession, job: Job, event: Event, **values: Any) -> bool:
    """Apply an event from the AI service; False if it comes too late to have an effect.

    Raises:
        NotFound: the AI service was never given this job.
    """
    if await apply_event(session, job, event, **values):
        return True
    known = select(PropertyImage.ai_job_id, PropertyImage.attempts).where(PropertyImage.id == job.image_id)
    row = (await session.execute(known)).one_or_none()
    if row is None or job.attempt > row.attempts or (job.attempt == row.attempts and job.id != row.ai_job_id):
        raise NotFound("There is no such job.")
    return False


async def store_result(session: AsyncSession, job: Job, enhanced_url: str) -> tuple[bool, str | None]:
    """Show the enhanced picture if it is still wanted; also return the URL of the one that it replaces."""
    await _lock_property(session, job.image_id)
    before = await session.scalar(select(PropertyImage.enhanced_url).where(*_is_job(job)))
    return await apply_event(session, job, Event.STORED, enhanced_url=enhanced_url), before


def _is_job(job: Job) -> tuple[ColumnElement[bool], ...]:
    return (
        PropertyImage.id == job.image_id,
        PropertyImage.ai_job_id == job.id,
        PropertyImage.attempts == job.attempt,
    )


def _is_in_stage(stage: Stage) -> ColumnElement[bool]:
    has_result = PropertyImage.enhancement_result_url.is_not(None)
    at = PropertyImage.enhancement_status == stage.status
    return and_(at, has_result if stage is Stage.FETCHING else ~has_result)


async def claim(session: AsyncSession, image_id: UUID, lease: timedelta) -> Claim | None:
    """Claim the picture's due work for the lease; None if another worker has it or there is none."""
    waiting = (
        PropertyImage.id == image_id,
        PropertyImage.enhancement_status.in_(UNFINISHED),
        PropertyImage.enhancement_due_at <= func.now(),
    )
    taken = update(PropertyImage).where(*waiting).values(
        enhancement_due_at=func.now() + lease, enhancement_tries=PropertyImage.enhancement_tries + 1
    )  # fmt: skip
    row = (
        await session.execute(
            taken.returning(*JOB_COLUMNS, PropertyImage.original_url, PropertyImage.enhancement_tries)
        )
    ).one_or_none()
    if row is None:
        return None
    job = Job(row.id, row.ai_job_id, row.attempts)
    return Claim(job, row.original_url, row.enhancement_result_url, row.enhancement_tries)


async def postpone(
    session: AsyncSession, claimed: Claim, pause: timedelta, *, uncounted: bool = False
) -> None:
    """Release a claim; no-op if another worker has taken over, or the picture has moved on.

    Args:
        session: the session of the transaction.
        claimed: the claim.
        pause: time until the work can be claimed again.
        uncounted: whether to leave this try uncounted.
    """
    mine = (*_is_job(claimed.job), PropertyImage.enhancement_tries == claimed.tries)
    waiting = (
        PropertyImage.enhancement_status.in_(UNFINISHED),
        PropertyImage.enhancement_due_at.is_not(None),
    )
    values = {"enhancement_due_at": func.now() + pause, "enhancement_tries": claimed.tries - uncounted}
    await session.execute(update(PropertyImage).where(*mine, *waiting).values(values))


async def due(session: AsyncSession, most: int) -> Sequence[UUID]:
    """Return pictures with due work, the longest waiting first."""
    waiting = PropertyImage.enhancement_due_at <= func.now()
    query = select(PropertyImage.id).where(waiting).order_by(PropertyImage.enhancement_due_at)
    return (await session.scalars(query.limit(most))).all()


async def expire(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Time out requests older than LONGEST; results that arrive later are ignored."""
    stuck = (
        PropertyImage.enhancement_status.in_(UNFINISHED),
        PropertyImage.requested_at <= now - LONGEST,
    )
    values = {"enhancement_status": target(Event.EXPIRED).status, "updated_at": func.now(), **RESET_COLUMNS}
    given_up = update(PropertyImage).where(*stuck).values(values).returning(PropertyImage.id)
    return (await session.scalars(given_up)).all()
