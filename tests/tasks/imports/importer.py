"""Imports a file or an upload in a separate process that ends at its CRASH_AT point."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from stores.database import open_database
from tasks.imports.job import run_import
from tasks.imports.mapping import load_mapping
from tasks.uploads import import_waiting
from tests.waiting import until

ROOT = Path(__file__).parents[3]


async def killed_importer(engine: AsyncEngine, settings: Settings, point: str, *arguments: str) -> None:
    """Start an import that ends at the point, and wait until Postgres has noticed its end."""
    command = [sys.executable, "-m", "tests.tasks.imports.importer", *arguments]
    environment = os.environ | {"DATABASE_URL": settings.database_url, "CRASH_AT": point}
    ended = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == 137, ended.stderr.decode()
    await until(lambda: nobody_imports(engine), "the lock of the one that was killed is free")


async def nobody_imports(engine: AsyncEngine) -> bool:
    held = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE locktype = 'advisory' AND datname = current_database()
    """
    async with engine.connect() as connection:
        return await connection.scalar(text(held)) == 0


async def main(source: str | None = None, name: str = "noida_flats") -> None:
    engine = open_database(Settings())
    if source is None:
        await import_waiting(engine)
    else:
        await run_import(engine, Path(source), load_mapping(name))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
