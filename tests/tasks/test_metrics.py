"""The Prometheus metrics of a worker: its jobs and its queue."""

import asyncio

from aiohttp import ClientSession
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.metrics_server import metrics_served
from schemas.settings import Settings
from tasks.metrics import Metrics
from tasks.scheduling.queue import Queue
from tasks.scheduling.runs import run_once
from tests.ports import kept_port
from tests.scraping import happened, read_figures
from tests.tasks.test_runs import NAME, Counted, job


async def test_runs_are_counted_by_job_and_outcome(engine: AsyncEngine, settings: Settings):
    metrics = Metrics()
    await run_once(engine, settings, job(Counted(failures=1)), metrics.count_run)
    metrics.count_run(NAME, "done", 3.0)
    with kept_port() as port, metrics_served(metrics.registry, "127.0.0.1", port):
        async with ClientSession() as visitor, visitor.get(f"http://127.0.0.1:{port}/metrics") as answer:
            figures = read_figures(await answer.read())
    assert happened(figures["casabricks_worker_job_runs_total"]) == {(NAME, "failed"): 1, (NAME, "done"): 1}
    assert figures["casabricks_worker_job_seconds_count"] == {(NAME,): 2}


async def test_tasks_of_the_queue_are_counted_by_name_and_outcome(settings: Settings):
    queue, metrics = Queue(settings), Metrics()
    queue.count_in(metrics)

    def fail() -> None:
        raise RuntimeError("no luck")

    for name, work in (("good", lambda: None), ("bad", fail)):
        task = queue.huey.task(name=name)(work)
        await asyncio.to_thread(queue.huey.execute, task.s())
    assert counted(metrics) == {("good", "done"): 1, ("bad", "failed"): 1}


def counted(metrics: Metrics) -> dict[tuple[str, ...], float]:
    [family] = metrics.tasks.collect()
    return {
        (sample.labels["task"], sample.labels["outcome"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }
