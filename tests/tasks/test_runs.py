"""A job runs once a period, however often it is requested; failed and killed runs are retried."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tasks.scheduling.runs import MOST_ATTEMPTS, Job, JobContext, claim_run, due_now, run_once
from tasks.scheduling.schedule import DAY, EachPromotion, Every

NAME = "a_job"
RUNS = "SELECT period, state, attempts, result, error FROM job_runs ORDER BY period"


class Counted:
    """A job that records its calls and fails the given number of times."""

    def __init__(self, *, failures: int = 0, pause_s: float = 0) -> None:
        self.given: list[JobContext] = []
        self._failures, self._pause_s = failures, pause_s

    async def __call__(self, work: JobContext) -> Mapping[str, Any]:
        self.given.append(work)
        await asyncio.sleep(self._pause_s)
        if len(self.given) <= self._failures:
            raise RuntimeError("no luck")
        return {"done": len(self.given)}


def job(run: Counted, *, alone: bool = True) -> Job:
    return Job(NAME, Every(DAY), run, exclusive=alone)


async def ask(engine: AsyncEngine, question: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question))]


async def change(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def today(engine: AsyncEngine) -> datetime:
    [(now,)] = await ask(engine, "SELECT now()")
    assert isinstance(now, datetime)
    return Every(DAY).period_at(now)


async def test_a_period_has_one_run_however_often_it_is_asked_for(engine: AsyncEngine, settings: Settings):
    run = Counted()
    assert await run_once(engine, settings, job(run))
    assert not await run_once(engine, settings, job(run))
    assert await ask(engine, RUNS) == [(await today(engine), "done", 1, {"done": 1}, None)]


async def test_of_many_who_ask_at_once_one_runs(engine: AsyncEngine, settings: Settings):
    run = Counted(pause_s=0.1)
    ran = await asyncio.gather(*(run_once(engine, settings, job(run)) for _ in range(8)))
    assert (sorted(ran), len(run.given)) == ([False] * 7 + [True], 1)


async def test_what_is_done_is_due_again_in_the_next_period(engine: AsyncEngine, settings: Settings):
    run = Counted()
    assert await due_now(engine, settings, [job(run)]) == [NAME]
    await run_once(engine, settings, job(run))
    assert await due_now(engine, settings, [job(run)]) == []
    await change(engine, "UPDATE job_runs SET period = period - interval '1 day'")
    assert await due_now(engine, settings, [job(run)]) == [NAME]


async def test_a_run_is_told_since_when_there_was_none(engine: AsyncEngine, settings: Settings):
    run = Counted()
    await run_once(engine, settings, job(run))
    await change(engine, "UPDATE job_runs SET period = period - interval '3 days'")
    await run_once(engine, settings, job(run))
    day = await today(engine)
    assert [(work.period, work.last) for work in run.given] == [(day, None), (day, day - 3 * DAY)]


async def test_a_failure_is_written_down_and_tried_again_after_a_while(
    engine: AsyncEngine, settings: Settings
):
    run = Counted(failures=2)
    await run_once(engine, settings, job(run))
    day = await today(engine)
    assert await ask(engine, RUNS) == [(day, "failed", 1, {}, "RuntimeError: no luck")]
    assert await due_now(engine, settings, [job(run)]) == []
    assert not await run_once(engine, settings, job(run))
    await change(engine, "UPDATE job_runs SET finished_at = now() - interval '61 seconds'")
    assert await run_once(engine, settings, job(run))
    await change(engine, "UPDATE job_runs SET finished_at = now() - interval '61 seconds'")
    assert not await run_once(engine, settings, job(run))  # the second failure waits for two minutes
    await change(engine, "UPDATE job_runs SET finished_at = now() - interval '121 seconds'")
    assert await due_now(engine, settings, [job(run)]) == [NAME]
    assert await run_once(engine, settings, job(run))
    assert await ask(engine, RUNS) == [(day, "done", 3, {"done": 3}, None)]


async def test_a_period_is_not_tried_for_ever(engine: AsyncEngine, settings: Settings):
    run = Counted(failures=1)
    await run_once(engine, settings, job(run))
    enough = f"UPDATE job_runs SET attempts = {MOST_ATTEMPTS}, finished_at = now() - interval '1 day'"
    await change(engine, enough)
    assert not await run_once(engine, settings, job(run))


SILENT = "UPDATE job_runs SET heartbeat_at = now() - interval '{} seconds'"


@pytest.mark.parametrize(("seconds", "taken"), [(30, False), (61, True)])
async def test_a_run_whose_worker_is_silent_is_taken_over(
    engine: AsyncEngine, settings: Settings, seconds: int, taken: bool
):
    run = Counted()
    assert await claim_run(engine, settings, job(run))
    await change(engine, SILENT.format(seconds))
    assert (await due_now(engine, settings, [job(run)]) == [NAME]) is taken
    assert await run_once(engine, settings, job(run)) is taken
    assert await ask(engine, "SELECT state, attempts FROM job_runs") == (
        [("done", 2)] if taken else [("running", 1)]
    )


async def test_a_worker_at_work_is_not_silent(engine: AsyncEngine, settings: Settings):
    hasty = settings.model_copy(update={"job_lease_s": 0.4})
    slow, other = Counted(pause_s=1.2), Counted()
    running = asyncio.create_task(run_once(engine, hasty, job(slow)))
    await asyncio.sleep(0.9)
    assert not await run_once(engine, hasty, job(other))
    assert await running
    assert await ask(engine, "SELECT state, attempts FROM job_runs") == [("done", 1)]


async def test_who_was_taken_over_does_not_end_anothers_run(engine: AsyncEngine, settings: Settings):
    late = Counted(failures=1, pause_s=0.3)
    running = asyncio.create_task(run_once(engine, settings, job(late)))
    await asyncio.sleep(0.1)
    await change(engine, SILENT.format(100))
    assert await run_once(engine, settings, job(Counted()))
    await running
    assert await ask(engine, "SELECT state, attempts FROM job_runs") == [("done", 2)]


@pytest.mark.parametrize("alone", [True, False])
async def test_a_period_waits_for_the_run_before_it_where_only_one_may_run(
    engine: AsyncEngine, settings: Settings, alone: bool
):
    run = Counted()
    await claim_run(engine, settings, job(run, alone=alone))
    await change(engine, "UPDATE job_runs SET period = period - interval '1 day'")
    assert (await due_now(engine, settings, [job(run, alone=alone)]) == []) is alone
    assert await run_once(engine, settings, job(run, alone=alone)) is not alone


async def test_a_lost_run_of_an_earlier_period_is_given_up_and_the_next_does_its_work(
    engine: AsyncEngine, settings: Settings
):
    run = Counted()
    await claim_run(engine, settings, job(run))
    await change(engine, "UPDATE job_runs SET period = period - interval '1 day'")
    await change(engine, SILENT.format(100))
    assert await run_once(engine, settings, job(run))
    assert [(state, error) for _, state, _, _, error in await ask(engine, RUNS)] == [
        ("failed", "its worker was lost, and the next period came"),
        ("done", None),
    ]
    assert run.given[0].last is None


async def test_nobody_goes_back_to_an_earlier_period(engine: AsyncEngine, settings: Settings):
    run = Counted()
    await run_once(engine, settings, job(run))
    await change(engine, "UPDATE job_runs SET period = period + interval '1 day'")
    assert await due_now(engine, settings, [job(run)]) == []
    assert not await run_once(engine, settings, job(run))


async def test_jobs_do_not_wait_for_each_other(engine: AsyncEngine, settings: Settings):
    first, second = (replace(job(Counted()), name=name) for name in ("first", "second"))
    await claim_run(engine, settings, first)
    assert await due_now(engine, settings, [first, second]) == ["second"]


async def test_each_promotion_of_an_index_is_a_period(engine: AsyncEngine, settings: Settings):
    run = Counted()
    promoted = Job(NAME, EachPromotion(), run)
    assert await due_now(engine, settings, [promoted]) == []
    assert not await run_once(engine, settings, promoted)
    add = (
        "INSERT INTO index_generations (name, alias, schema_hash, state, live_at)"
        " VALUES ('one', :alias, 'x', 'live', now() - interval '1 hour')"
    )
    await change(engine, add, alias=settings.index_alias)
    assert await run_once(engine, settings, promoted)
    assert not await run_once(engine, settings, promoted)
    await change(engine, "UPDATE index_generations SET live_at = now()")
    assert await run_once(engine, settings, promoted)
    assert run.given[1].period - run.given[0].period > timedelta(minutes=59)
