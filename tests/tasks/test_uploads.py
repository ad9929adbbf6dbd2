"""Uploads: a job killed at any point still ends once, and a failing upload does not affect others."""

import asyncio
import tempfile
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas.settings import Settings
from schemas.vocabulary import JobState
from services.audit import Actor
from services.imports import request_import
from stores.database import open_database
from tasks.imports.job import file_lock
from tasks.imports.mapping import load_mapping
from tasks.market import compare_withdrawn
from tasks.uploads import import_upload, import_waiting, start_upload, take_over_imports
from tests.server.admin.test_imports import home, sheet
from tests.tasks.imports.importer import killed_importer
from tests.waiting import until

MAP = load_mapping("casabricks").model_dump(mode="json", exclude_defaults=True)
HOMES = [home(number) for number in range(12)]
"""Enough listings for a price to be compared."""
JOBS = "SELECT state, rows, created, content IS NULL, error FROM import_jobs ORDER BY id"
DONE = ("done", 12, 12, True, None)
IMPORTED = "SELECT count(*) FROM audit_log WHERE action = 'import'"
LABELLED = "SELECT count(*) FROM property_market WHERE label IS NOT NULL"


async def ask(engine: AsyncEngine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def change(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def upload(engine: AsyncEngine, *rows: str, content: bytes = b"", described: Any = MAP) -> UUID:
    async with AsyncSession(engine) as session, session.begin():
        job, _ = await request_import(
            session,
            Actor(None, "asha@casabricks.example"),
            filename="homes.csv",
            content=content or sheet(*rows),
            total=max(len(rows), 1),
            mapping=described,
            dry_run=False,
        )
        return job["id"]


async def test_killed_between_its_last_row_and_its_end_it_is_ended_by_the_next_look(
    engine: AsyncEngine, settings: Settings
):
    await upload(engine, *HOMES)
    await killed_importer(engine, settings, "import-before-settling")
    assert await ask(engine, JOBS) == [("running", 12, 12, False, None)]
    assert await ask(engine, IMPORTED) == [(0,)]
    assert await import_waiting(engine) == 1
    assert await ask(engine, JOBS) == [DONE]
    assert await ask(engine, IMPORTED) == [(1,)]
    assert await ask(engine, LABELLED) == [(12,)]
    assert await ask(engine, "SELECT count(*), max(version) FROM properties") == [(12, 1)]
    assert await import_waiting(engine) == 0


async def test_killed_after_its_end_its_labels_come_with_the_next_comparison(
    engine: AsyncEngine, settings: Settings
):
    await upload(engine, *HOMES)
    await killed_importer(engine, settings, "import-after-settling")
    assert await ask(engine, JOBS) == [DONE]
    assert await ask(engine, IMPORTED) == [(1,)]
    assert await import_waiting(engine) == 0
    assert await ask(engine, LABELLED) == [(0,)]
    await compare_withdrawn(engine)
    assert await ask(engine, LABELLED) == [(12,)]


async def test_a_comparison_that_meets_a_lock_keeps_no_import_from_its_end(
    engine: AsyncEngine, impatient: AsyncEngine
):
    await upload(engine, *HOMES)
    async with engine.connect() as another:
        await another.execute(text("LOCK TABLE market_segments IN EXCLUSIVE MODE"))
        assert await import_waiting(impatient) == 1
    assert await ask(engine, JOBS) == [DONE]
    assert await ask(engine, IMPORTED) == [(1,)]
    assert await ask(engine, LABELLED) == [(0,)]
    await compare_withdrawn(engine)
    assert await ask(engine, LABELLED) == [(12,)]


async def test_prices_that_an_import_changed_are_compared_again_without_it(
    engine: AsyncEngine, impatient: AsyncEngine
):
    await upload(engine, *HOMES)
    await import_waiting(engine)
    dearer = [home(number, price="99 L") for number in range(12)]
    await upload(engine, *dearer)
    async with engine.connect() as another:
        await another.execute(text("LOCK TABLE market_segments IN EXCLUSIVE MODE"))
        assert await import_waiting(impatient) == 1
    assert await ask(engine, LABELLED) == [(0,)]
    await compare_withdrawn(engine)
    assert await ask(engine, LABELLED) == [(12,)]


async def test_one_that_meets_a_lock_waits_for_a_later_look_and_the_others_go_on(
    engine: AsyncEngine, impatient: AsyncEngine
):
    await upload(engine, home(0))
    await import_waiting(engine)
    await change(engine, "DELETE FROM import_jobs")
    await upload(engine, home(0, price="99 L"))
    await upload(engine, *HOMES[1:])
    async with engine.connect() as editor:
        await editor.execute(text("SELECT FROM properties FOR UPDATE"))
        assert await import_waiting(impatient) == 1
    assert await ask(engine, JOBS) == [
        ("queued", 0, 0, False, "Somebody else holds rows of it; it is tried again."),
        ("done", 11, 11, True, None),
    ]
    assert await import_waiting(engine) == 1
    assert await ask(engine, JOBS) == [("done", 1, 0, True, None), ("done", 11, 11, True, None)]
    assert await ask(engine, "SELECT price FROM properties WHERE external_ref = 'R0'") == [(9_900_000,)]


MISUNDERSTOOD = {"fields": {"locality": "locality"}, "colour": "red"}


@pytest.mark.parametrize(
    ("poison", "said"),
    [
        ({"described": MISUNDERSTOOD}, "The map of the upload is not usable: colour Extra inputs are not"),
        ({"described": []}, "The map of the upload is not usable: Input should be a valid dictionary"),
        ({"content": b"a,b\n1,2\n"}, "The file has no column 'bhk'; it has 'a', 'b'."),
        ({"content": b"\0\1\2"}, "The file is not a text file in utf-8."),
    ],
)
async def test_one_that_can_never_be_imported_fails_with_a_sentence_and_the_others_go_on(
    engine: AsyncEngine, poison: dict[str, Any], said: str
):
    await upload(engine, **poison)
    await upload(engine, *HOMES)
    assert await import_waiting(engine) == 2
    [(*failed, error), good] = await ask(engine, JOBS)
    assert (failed, good) == (["failed", 0, 0, True], DONE)
    assert error.startswith(said)
    assert await ask(engine, IMPORTED) == [(1,)]
    assert await import_waiting(engine) == 0


async def test_trouble_of_the_machine_is_no_fault_of_the_file(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
):
    await upload(engine, *HOMES)
    with monkeypatch.context() as full:
        full.setattr(tempfile, "tempdir", "/nowhere")
        assert await import_waiting(engine) == 0
        await take_over_imports(engine, patience_s=3600)  # a queued job is not an abandoned one
    assert await ask(engine, JOBS) == [
        ("queued", 0, 0, False, "FileNotFoundError came between; it is tried again.")
    ]
    assert await import_waiting(engine) == 1
    assert await ask(engine, JOBS) == [DONE]


async def test_one_that_another_worker_has_is_left_to_it(engine: AsyncEngine):
    job_id = await upload(engine, *HOMES)
    [(digest, before)] = await ask(engine, "SELECT file_sha256, updated_at FROM import_jobs")
    async with engine.connect() as connection, file_lock(connection, digest):
        assert not await import_upload(engine, job_id)
    assert await ask(engine, "SELECT state, error, updated_at FROM import_jobs") == [("queued", None, before)]


async def test_one_whose_worker_was_killed_a_moment_ago_is_taken_over_when_its_lock_is_free(
    engine: AsyncEngine, settings: Settings
):
    await upload(engine, *HOMES)
    await change(engine, "UPDATE import_jobs SET state = 'running'")
    [(digest,)] = await ask(engine, "SELECT file_sha256 FROM import_jobs")
    another, tries = open_database(settings), []

    @event.listens_for(another.sync_engine, "before_cursor_execute")
    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        tries.extend(["try"] if "pg_try_advisory_lock" in statement else [])

    async with engine.connect() as connection, file_lock(connection, digest):
        taking_over = asyncio.create_task(take_over_imports(another, patience_s=3600))
        await until(lambda: len(tries) == 2, "it has looked, and looks again")
        assert await ask(engine, JOBS) == [("running", 0, 0, False, None)]
    await taking_over
    assert await ask(engine, JOBS) == [DONE]
    await another.dispose()


async def test_one_that_has_ended_is_not_taken_up_again(engine: AsyncEngine):
    job_id = await upload(engine, *HOMES)
    await import_waiting(engine)
    async with engine.connect() as late:
        assert await start_upload(late, job_id) is None
    assert not await import_upload(engine, job_id)
    assert not await import_upload(engine, uuid4())
    assert await ask(engine, JOBS) == [DONE]


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED])
async def test_one_that_an_earlier_release_left_with_its_file_is_brought_to_its_end(
    engine: AsyncEngine, state: JobState
):
    await upload(engine, *HOMES)
    await change(engine, "UPDATE import_jobs SET state = :state, error = 'OperationalError'", state=state)
    assert await import_waiting(engine) == 1
    assert await ask(engine, JOBS) == [DONE]
    assert await ask(engine, IMPORTED) == [(1,)]


async def test_without_a_database_a_nudge_comes_to_nothing(settings: Settings):
    away = open_database(settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/x"}))
    assert not await import_upload(away, uuid4())
    await away.dispose()
