"""Prometheus metrics of a worker, served on a separate port: runs of jobs and tasks of the queue."""

from dataclasses import dataclass, field

from huey import signals
from prometheus_client import CollectorRegistry, Counter, Histogram

from tasks.jobs import JOBS

SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
OUTCOMES = {signals.SIGNAL_COMPLETE: "done", signals.SIGNAL_ERROR: "failed"}


@dataclass
class Metrics:
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.runs = Counter(
            "casabricks_worker_job_runs", "Runs of jobs.", ["job", "outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "casabricks_worker_job_seconds", "How long they took.", ["job"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.tasks = Counter(
            "casabricks_worker_tasks", "What came by the queue.", ["task", "outcome"], registry=self.registry
        )
        for job in JOBS:
            for outcome in OUTCOMES.values():
                self.runs.labels(job.name, outcome)

    def count_run(self, job: str, outcome: str, seconds: float) -> None:
        self.runs.labels(job, outcome).inc()
        self.seconds.labels(job).observe(seconds)

    def count_signal(self, signal: str, task: str) -> None:
        """Count a signal of the queue if it ends a task; other signals are ignored."""
        if signal in OUTCOMES:
            self.tasks.labels(task, OUTCOMES[signal]).inc()
