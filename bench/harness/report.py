"""The report of a bench, as a table and as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from bench.harness.goals import GOALS, Goal
from bench.harness.load import Measured


@dataclass(frozen=True)
class BenchReport:
    """One run on one machine; only its ratios can be compared with other machines."""

    listings: int
    rows: Sequence[Measured]
    ratios: Mapping[str, float]
    counted: str = "listings"
    """What `listings` counts, if not listings."""

    def write(self, path: Path) -> None:
        path.write_bytes(orjson.dumps(self.as_json(), option=orjson.OPT_INDENT_2))

    def as_json(self) -> dict[str, object]:
        return {
            "machine": machine(),
            "date": datetime.now(UTC).date().isoformat(),
            "listings": self.listings,
            "rows": [asdict(row) for row in self.rows],
            "ratios": dict(self.ratios),
        }

    def show(self) -> None:
        console = Console()
        table = Table(title=f"{self.listings:,} {self.counted}, {machine()}")
        for heading in ("", "p50 ms", "p95 ms", "p99 ms", "per second"):
            table.add_column(heading, justify="left" if not heading else "right")
        for row in self.rows:
            figures = (row.p50_ms, row.p95_ms, row.p99_ms, row.per_second)
            table.add_row(row.name, *(f"{figure:,}" for figure in figures))
        console.print(table)
        for name, ratio in self.ratios.items():
            console.print(f"{name}: {ratio:.2f}{self._verdict(name)}", highlight=False)

    def goal(self, name: str) -> Goal | None:
        """The bound of a ratio, where there is one at this size."""
        goal = GOALS.get(name)
        return goal if goal and self.listings >= goal.listings else None

    def _verdict(self, name: str) -> str:
        goal = self.goal(name)
        if goal is None:
            return ""
        return f" (wanted: {goal}{'' if goal.is_met(self.ratios[name]) else '; MISSED'})"

    @property
    def missed(self) -> list[str]:
        """Ratios that fall short of their goal."""
        return [
            name for name in self.ratios if (goal := self.goal(name)) and not goal.is_met(self.ratios[name])
        ]


def write_all(path: Path, reports: Mapping[str, BenchReport]) -> None:
    """Several benches of one run in one file."""
    benches = {name: report.as_json() for name, report in reports.items()}
    path.write_bytes(orjson.dumps({"benches": benches}, option=orjson.OPT_INDENT_2))


def read_all(path: Path) -> dict[str, Any]:
    """Read a file and return its reports by bench; if it is of one bench, that one has no name."""
    written = orjson.loads(path.read_bytes())
    return dict(written.get("benches", {"": written}))


def machine() -> str:
    memory_gib = round(psutil.virtual_memory().total / 2**30)
    return (
        f"{os.cpu_count()} cores, {memory_gib} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def medians(rounds: Sequence[Measured]) -> Measured:
    """Combine several rounds of the same target into one row, taking the median of each figure."""
    p50, p95, p99, per_second = (
        round(median(getattr(row, figure) for row in rounds), 2)
        for figure in ("p50_ms", "p95_ms", "p99_ms", "per_second")
    )
    found = [row.p50_ms for row in rounds]
    return Measured(rounds[0].name, p50, p95, p99, per_second, round((max(found) - min(found)) / 2 / p50, 3))


def in_seconds(name: str, listings: int, seconds: Sequence[float]) -> Measured:
    """Summarize a few rounds: only the median and the slowest are meaningful; p95 and p99 are the slowest."""
    middle, slowest = median(seconds), round(max(seconds) * 1000, 1)
    return Measured(name, round(middle * 1000, 1), slowest, slowest, round(listings / middle, 1))
