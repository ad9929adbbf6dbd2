"""The report of a bench, as a table and as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from bench.load import Measured


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
            table.add_row(row.name, *(f"{figure:,}" for figure in list(asdict(row).values())[1:]))
        console.print(table)
        for name, ratio in self.ratios.items():
            console.print(f"{name}: {ratio:.2f}", highlight=False)


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
    return Measured(rounds[0].name, p50, p95, p99, per_second)
