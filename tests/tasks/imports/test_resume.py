"""A killed import: what it loaded stays, and the same command again ends as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tasks.imports.job import run_import
from tests.tasks.imports.foreign_files import FLATS, many_flats

ROOT = Path(__file__).parents[3]


def kill_after(batches: int, database_url: str, source: Path) -> None:
    """Kill -9 as soon as that many batches are told of, while the next one is under way."""
    command = [sys.executable, "-m", "tests.tasks.imports.importer", database_url, str(source), "noida_flats"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as importer:
        assert importer.stdout is not None
        for _ in range(batches):
            importer.stdout.readline()
        importer.kill()
        assert importer.wait() == -signal.SIGKILL


async def loaded(engine):
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT fingerprint, title, locality, bhk, area_sqft, price, state, version, revision"
                " FROM properties ORDER BY fingerprint"
            )
        )
        return [tuple(row) for row in rows]


async def job_of(engine):
    async with engine.connect() as connection:
        [job] = await connection.execute(text("SELECT state, rows FROM import_jobs"))
        return tuple(job)


@pytest.mark.parametrize("batches", [1, 3])
async def test_a_killed_import_is_finished_by_the_same_command(engine, settings, tmp_path, batches):
    source = many_flats(tmp_path / "flats.csv", 6_000)
    kill_after(batches, settings.database_url, source)
    state, rows = await job_of(engine)
    kept = await loaded(engine)
    assert state == "running"
    assert batches * 1000 <= rows < 6_000
    assert len(kept) == rows * 98 // 100  # rows and progress are committed together

    finished = await run_import(engine, source, FLATS)
    after_the_kill = await loaded(engine)
    assert await job_of(engine) == ("done", 6_000)
    assert set(kept) <= set(after_the_kill)

    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM properties"))
    undisturbed = await run_import(engine, source, FLATS)
    assert await loaded(engine) == after_the_kill
    assert undisturbed.as_json() == finished.as_json()
