"""The import of a foreign file, first as new rows and then again: time per run, and rows per second."""

import asyncio
import csv
import random
import time
from pathlib import Path
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from bench.harness.catalogue import stores
from bench.harness.load import Measured
from bench.harness.report import BenchReport
from domain.money import CRORE
from schemas.sectors import SECTORS
from schemas.settings import Settings
from stores.database import opened_database
from tasks.imports.job import run_import
from tasks.imports.mapping import load_mapping

TARGET = 1_700.0  # rows a second, with validation
NEW, AGAIN = "import, new rows", "import, the same rows again"


def run(rows: int, *, rounds: int) -> BenchReport:
    with stores() as settings:
        migrations.upgrade(settings.database_url)
        directory = Path(settings.media_url.partition(":")[2]).parent
        speeds = asyncio.run(_rounds(settings, directory, rows, rounds))
    found = [_row(name, rows, [speed[name] for speed in speeds]) for name in (NEW, AGAIN)]
    return BenchReport(
        rows, found, {f"{row.name} over 1,700/s": round(row.per_second / TARGET, 2) for row in found}
    )


async def _rounds(settings: Settings, directory: Path, rows: int, rounds: int) -> list[dict[str, float]]:
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        return [
            await _round(engine, _file(directory / f"flats-{seed}.csv", rows, seed)) for seed in range(rounds)
        ]


async def _round(engine: AsyncEngine, file: Path) -> dict[str, float]:
    """Import one file twice and return the seconds of each import."""
    seconds = {}
    for name in (NEW, AGAIN):
        began = time.perf_counter()
        await run_import(engine, file, load_mapping("noida_flats"))
        seconds[name] = time.perf_counter() - began
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM search_outbox"))
    return seconds


def _row(name: str, rows: int, seconds: list[float]) -> Measured:
    """Summarize a few rounds: only the median and the slowest are meaningful; p95 and p99 are the slowest."""
    middle = median(seconds)
    whole = round(middle * 1000, 1)
    return Measured(
        name, whole, round(max(seconds) * 1000, 1), round(max(seconds) * 1000, 1), round(rows / middle, 1)
    )


def _file(path: Path, rows: int, seed: int) -> Path:
    """Write flats as a portal lists them, almost without duplicates."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(("", "Area in Sqrt", "No.of Bhk", "Location", "Price"))
        for number in range(rows):
            place = f"{rng.choice(SECTORS).locality}, Noida"
            price = f" {rng.randint(2 * CRORE // 10, 8 * CRORE) / CRORE:.4f} Cr"
            writer.writerow((number, f"{rng.randint(500, 5_000)} ", f"{rng.randint(1, 5)} ", place, price))
    return path
