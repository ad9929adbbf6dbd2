"""How long the query reader takes for typed queries, taken from the table of its tests."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import yaml

from bench.harness.load import Measured, summary
from bench.harness.report import BenchReport
from domain.query_reader.reader import read_query
from domain.query_reader.typos import corrected

TABLE = Path(__file__).parents[1] / "tests/domain/query_reader/queries.yaml"
TYPICAL, SINGLE, UNSEEN = "a query, its median", "any single reading", "a query of words never seen before"
LONGEST_MEDIAN_MS, LONGEST_P99_MS = 0.3, 1.0


def run(times: int) -> BenchReport:
    queries = [row["q"] for row in yaml.safe_load(TABLE.read_text("utf-8"))]
    for query in queries:
        read_query(query)
    readings = [[seconds(query) for _ in range(times)] for query in queries]
    rows = [
        row(TYPICAL, [median(each) for each in readings]),
        row(SINGLE, [one for each in readings for one in each]),
        row(UNSEEN, [median(unseen(query) for _ in range(times)) for query in queries]),
    ]
    return BenchReport(len(queries), rows, ratios(rows), counted="queries")


def seconds(query: str) -> float:
    """Return the CPU seconds of one reading; CPU time, so that other work on the machine does not count."""
    began = time.thread_time_ns()
    read_query(query)
    return (time.thread_time_ns() - began) / 1e9


def unseen(query: str) -> float:
    corrected.cache_clear()
    return seconds(query)


def row(name: str, readings: Sequence[float]) -> Measured:
    return summary(name, list(readings), sum(readings), digits=3)


def ratios(rows: Sequence[Measured]) -> dict[str, float]:
    typical = rows[0]
    return {
        "median_over_0_3_ms": round(typical.p50_ms / LONGEST_MEDIAN_MS, 2),
        "p99_over_1_ms": round(typical.p99_ms / LONGEST_P99_MS, 2),
        "single_p99_over_1_ms": round(rows[1].p99_ms / LONGEST_P99_MS, 2),
    }
