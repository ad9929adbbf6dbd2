"""Imports a file in a process of its own, telling its progress line by line, so that a test can kill it."""

import asyncio
import sys
from pathlib import Path

from schemas.settings import Settings
from stores.database import open_database
from tasks.imports.job import run_import
from tasks.imports.mapping import load_mapping


async def main(database_url: str, source: str, name: str) -> None:
    engine = open_database(Settings(database_url=database_url))
    await run_import(engine, Path(source), load_mapping(name), progress=tell)
    await engine.dispose()


def tell(rows: int) -> None:
    sys.stdout.write(f"{rows}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
