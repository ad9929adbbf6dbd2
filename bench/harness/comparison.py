"""Two runs of a bench side by side: what moved by more than the noise of their rounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness.report import read_all

LEAST = 0.05
"""Smaller moves mean nothing on any machine."""


@dataclass(frozen=True)
class Move:
    bench: str
    row: str
    before_ms: float
    after_ms: float
    noise: float
    """The larger spread of the two runs, as a share of the p50."""

    @property
    def change(self) -> float:
        """As a share of the earlier p50: negative is faster."""
        return self.after_ms / self.before_ms - 1

    @property
    def is_real(self) -> bool:
        return abs(self.change) > max(self.noise, LEAST)


def compare(before: Path, after: Path) -> list[Move]:
    """The p50 of all rows that both runs have, the largest moves first."""
    earlier, later = (dict(_rows(read_all(path))) for path in (before, after))
    moves = [
        Move(
            *key,
            before_ms=row["p50_ms"],
            after_ms=later[key]["p50_ms"],
            noise=max(row.get("spread", 0.0), later[key].get("spread", 0.0)),
        )
        for key, row in earlier.items()
        if key in later and row["p50_ms"]
    ]
    return sorted(moves, key=lambda move: -abs(move.change))


def _rows(reports: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """By bench and row."""
    for bench, report in reports.items():
        for row in report["rows"]:
            yield (bench, row["name"]), row


def show(moves: list[Move]) -> None:
    moved = [move for move in moves if move.is_real]
    console, table = Console(), Table(title=f"{len(moved)} of {len(moves)} rows moved by more than the noise")
    for heading in ("bench", "", "before ms", "after ms", "change", "noise"):
        table.add_column(heading, justify="left" if heading in {"", "bench"} else "right")
    for move in moved:
        figures = (f"{move.before_ms:,}", f"{move.after_ms:,}", f"{move.change:+.0%}", f"{move.noise:.0%}")
        table.add_row(move.bench, move.row, *figures)
    console.print(table)
