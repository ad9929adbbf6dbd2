"""`casabricks import` reports on every row, even if a later step fails."""

import asyncio
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from schemas.settings import Settings
from server.cli import app
from tests.tasks.imports.foreign_files import flat, flats

LABELLED = "SELECT count(*) FROM property_market WHERE label IS NOT NULL"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return flats(
        tmp_path / "flats.csv", *(flat(area=f"{1500 + number}", price="1.5 Cr") for number in range(12))
    )


async def imported(settings: Settings, file: Path, *arguments: str, **environment: str) -> Result:
    command = ["import", str(file), "--map", "noida_flats", *arguments]
    environment |= {"DATABASE_URL": settings.database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)


async def count(engine: AsyncEngine, question: str) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text(question)) or 0)


async def test_imported_homes_are_compared_with_their_market(
    engine: AsyncEngine, settings: Settings, file: Path
):
    result = await imported(settings, file)
    assert (result.exit_code, result.stderr.strip()) == (0, "")
    assert await count(engine, LABELLED) == 12


async def test_the_report_is_there_though_the_comparison_met_a_lock(
    engine: AsyncEngine, settings: Settings, file: Path, tmp_path: Path
):
    report = tmp_path / "report.json"
    async with engine.connect() as another:
        await another.execute(text("LOCK TABLE market_segments IN EXCLUSIVE MODE"))
        result = await imported(settings, file, "--report", str(report), DATABASE_LOCK_TIMEOUT_S="0.1")
    assert (result.exit_code, "Traceback" in result.output) == (4, False)
    assert "created" in result.stdout
    assert " ".join(result.stderr.split()) == (
        "All rows are in, but not yet compared with their market: somebody else holds rows of it."
        " A worker will do it."
    )
    assert orjson.loads(report.read_bytes())["created"] == 12
    assert await count(engine, "SELECT count(*) FROM import_jobs WHERE state = 'done'") == 1
    assert await count(engine, LABELLED) == 0


async def test_a_report_that_cannot_be_written_is_shown_all_the_same(
    engine: AsyncEngine, settings: Settings, file: Path, tmp_path: Path
):
    result = await imported(settings, file, "--report", str(tmp_path / "nowhere" / "report.json"))
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert "created" in result.stdout
    assert "cannot be written: No such file or directory." in " ".join(result.stderr.split())
