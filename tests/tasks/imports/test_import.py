"""Whole imports: every row is accounted for, and importing the same file twice changes nothing."""

import asyncio
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console
from sqlalchemy import event, text

from schemas.errors import DatabaseUnavailable, ImportRunning, InvalidRequest
from schemas.settings import Settings
from stores.database import open_database
from tasks.imports.job import file_lock, run_import
from tasks.imports.reader import fingerprint_of_file
from tasks.imports.report import render
from tests.factories import home, store
from tests.tasks.imports.foreign_files import FLATS, flat, flats, many_flats, offer, offers, owners

FEED = owners()
COUNTS = ("rows", "created", "updated", "unchanged", "duplicates", "rejected")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "foreign.csv"


def counts(report) -> dict[str, int]:
    """Return the counts other than 0."""
    return {name: getattr(report, name) for name in COUNTS if getattr(report, name)}


async def ask(engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def test_every_row_is_accounted_for(engine, file):
    flats(
        file,
        flat("Sector 107, Noida"),
        flat("Sector-106 Noida, Noida"),
        flat("Sector 107, Noida"),
        flat("Sector 17A Yamuna Expressway, Noida"),
        flat("Sector 17A Yamuna Expressway, Noida"),
        flat("Riverside Colony, Noida"),
        flat("Sector 9, Noida", price=" 115 L", bhk="2.3 "),
        flat("sector107", price="1,15,00,000"),
    )
    report = await run_import(engine, file, FLATS)
    assert orjson.loads(orjson.dumps(report.as_json())) == {
        "file": "foreign.csv",
        "dry_run": False,
        "rows": 8,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "duplicates": 3,
        "rejected": 3,
        "codes": {"duplicate": 3, "outside_noida": 1, "unknown_locality": 1, "unreadable": 1},
        "issues": [
            {"row": 4, "column": None, "code": "duplicate", "message": "repeats row 2", "first_row": 2},
            {
                "row": 5,
                "column": "Location",
                "code": "outside_noida",
                "message": "lies in Yamuna Expressway: 'Sector 17A Yamuna Expressway, Noida'",
                "first_row": None,
            },
            {"row": 6, "column": None, "code": "duplicate", "message": "repeats row 5", "first_row": 5},
            {
                "row": 7,
                "column": "Location",
                "code": "unknown_locality",
                "message": "names no sector of Noida: 'Riverside Colony, Noida'",
                "first_row": None,
            },
            {
                "row": 8,
                "column": "No.of Bhk",
                "code": "unreadable",
                "message": "is not a number of bedrooms, in halves",
                "first_row": None,
            },
            {"row": 9, "column": None, "code": "duplicate", "message": "repeats row 2", "first_row": 2},
        ],
    }


async def test_a_flat_is_loaded_with_what_it_lacks_made_from_what_it_has(engine, file):
    flats(
        file, flat("Sector 107, Noida"), flat("Sector 9, Noida", bhk=""), flat("Sector 1, Noida", bhk="1 RK")
    )
    await run_import(engine, file, FLATS)
    assert await ask(
        engine,
        "SELECT title, locality, sector, bhk, area_sqft, area_basis, price FROM properties ORDER BY id",
    ) == [
        ("3 BHK apartment in Sector 107", "Sector 107", "107", Decimal(3), 1625, "super", 11_500_000),
        ("Apartment in Sector 9", "Sector 9", "9", None, 1625, "super", 11_500_000),
        ("1 RK apartment in Sector 1", "Sector 1", "1", Decimal("0.5"), 1625, "super", 11_500_000),
    ]
    assert await ask(engine, "SELECT DISTINCT state, is_active, version FROM properties") == [
        ("active", True, 1)
    ]


async def test_coordinates_are_the_centre_of_the_sector_where_somebody_knows_it(engine, file):
    flats(file, flat("Sector 107, Noida"), flat("Sector 9, Noida"))
    await run_import(engine, file, FLATS)
    assert await ask(
        engine, "SELECT sector, latitude, longitude, location_approximate FROM properties ORDER BY id"
    ) == [("107", 28.54576, 77.3756, True), ("9", None, None, False)]


async def test_the_same_file_twice_changes_nothing(engine, file):
    flats(file, flat(), flat(bhk="2 "))
    await run_import(engine, file, FLATS)
    before = await ask(engine, "SELECT * FROM properties")
    owed = await ask(engine, "SELECT count(*) FROM search_outbox")
    report = await run_import(engine, file, FLATS)
    assert counts(report) == {"rows": 2, "unchanged": 2}
    assert await ask(engine, "SELECT * FROM properties") == before
    assert await ask(engine, "SELECT count(*) FROM search_outbox") == owed == [(2,)]


async def test_the_same_feed_twice_changes_nothing(engine, file):
    offers(file, offer("A-1"), offer("A-2", lat=28.6, lon=77.36, text="Two balconies."))
    await run_import(engine, file, FEED)
    before = await ask(engine, "SELECT * FROM properties")
    report = await run_import(engine, file, FEED)
    assert counts(report) == {"rows": 2, "unchanged": 2}
    assert await ask(engine, "SELECT * FROM properties") == before
    assert await ask(engine, "SELECT count(*) FROM search_outbox") == [(2,)]


async def test_an_offer_that_differs_is_updated_and_counted_as_a_version(engine, file):
    await run_import(engine, offers(file, offer("A-1"), offer("A-2")), FEED)
    report = await run_import(
        engine, offers(file, offer("A-1"), offer("A-2", price=11_000_000), offer("A-3")), FEED
    )
    assert counts(report) == {"rows": 3, "created": 1, "updated": 1, "unchanged": 1}
    visits = "(SELECT count(*) FROM search_outbox WHERE property_id = properties.id)"
    assert await ask(
        engine, f"SELECT external_ref, price, version, {visits} FROM properties ORDER BY external_ref"
    ) == [("A-1", 12_000_000, 1, 1), ("A-2", 11_000_000, 2, 2), ("A-3", 12_000_000, 1, 1)]
    assert await ask(engine, "SELECT old_price, new_price FROM price_history") == [(12_000_000, 11_000_000)]


async def test_an_update_leaves_alone_what_the_file_does_not_give(engine, file):
    [sold] = await store(
        engine,
        home(
            "Quiet corner",
            external_ref="A-1",
            latitude=28.601,
            longitude=77.361,
            facing_direction="east",
            description="By hand.",
            state="sold",
        ),
    )
    feed = owners(without=("title", "description"))
    report = await run_import(engine, offers(file, offer("A-1", price=13_000_000)), feed)
    assert counts(report) == {"rows": 1, "updated": 1}
    assert await ask(
        engine,
        "SELECT title, description, latitude, longitude, location_approximate, facing_direction, state, price"
        " FROM properties WHERE id = :id",
        id=sold,
    ) == [("Quiet corner", "By hand.", 28.601, 77.361, False, "east", "sold", 13_000_000)]


async def test_a_title_of_our_own_and_a_centre_follow_the_facts(engine, file):
    feed = owners(without=("title",))
    await run_import(engine, offers(file, offer("A-1")), feed)
    await run_import(engine, offers(file, offer("A-1", bhk=2.5, place="Sector 107")), feed)
    assert await ask(engine, "SELECT title, latitude, location_approximate, version FROM properties") == [
        ("2.5 BHK apartment in Sector 107", 28.54576, True, 2)
    ]


async def test_one_reference_with_two_stories_is_refused_the_second_time(engine, file):
    offers(file, offer("A-1"), offer("A-1", price=13_000_000), offer("A-1"))
    report = await run_import(engine, file, FEED)
    assert counts(report) == {"rows": 3, "created": 1, "duplicates": 1, "rejected": 1}
    assert [(issue.line, issue.code) for issue in report.issues] == [
        (2, "conflicting_reference"),
        (3, "duplicate"),
    ]


async def test_a_dry_run_tells_the_same_and_loads_nothing(engine, file):
    await run_import(engine, offers(file, offer("A-1"), offer("A-2")), FEED)
    offers(file, offer("A-1"), offer("A-2", price=11_000_000), offer("A-3"), offer("A-4", place="Dadri"))
    before = await ask(engine, "SELECT * FROM properties")
    owed = await ask(engine, "SELECT count(*) FROM search_outbox")
    tried = await run_import(engine, file, FEED, dry_run=True)
    assert await ask(engine, "SELECT * FROM properties") == before
    assert await ask(engine, "SELECT count(*) FROM search_outbox") == owed
    loaded = await run_import(engine, file, FEED)
    assert tried.as_json() | {"dry_run": False} == loaded.as_json()


@pytest.fixture
async def a_rule(engine):
    """Add a constraint that only the database knows, and remove it after the test."""
    async with engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE properties ADD CONSTRAINT unlucky CHECK (price % 13 <> 0)")
        )
    yield "unlucky"
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE properties DROP CONSTRAINT unlucky"))


async def test_a_row_that_the_database_refuses_does_not_take_others_with_it(engine, file, a_rule):
    flats(file, *(flat(price=f"{price}") for price in range(13_000_000, 13_000_040)))
    report = await run_import(engine, file, FLATS)
    assert counts(report) == {"rows": 40, "created": 36, "rejected": 4}
    assert [(issue.line, issue.code, issue.message) for issue in report.issues] == [
        (line, "refused", f"breaks the rule {a_rule}") for line in (2, 15, 28, 41)
    ]


async def test_the_job_keeps_the_counts_and_the_report(engine, file):
    flats(file, flat(), flat(), flat("Dadri"))
    report = await run_import(engine, file, FLATS)
    [job] = await ask(
        engine,
        "SELECT filename, file_sha256, dry_run, state, rows, created, updated, unchanged, rejected, error,"
        " report FROM import_jobs",
    )
    assert job == (
        *("foreign.csv", fingerprint_of_file(file), False, "done", 3, 1, 0, 0, 1, None),
        report.as_json(),
    )


async def test_progress_is_told_batch_by_batch(engine, file):
    told: list[int] = []
    await run_import(engine, many_flats(file, 2_500), FLATS, progress=told.append)
    assert told == [1000, 1000, 500]


async def test_a_file_without_the_columns_leaves_no_job(engine, file):
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidRequest):
        await run_import(engine, file, FLATS)
    assert await ask(engine, "SELECT count(*) FROM import_jobs") == [(0,)]


async def test_an_empty_file_is_an_import_of_nothing(engine, file):
    assert counts(await run_import(engine, flats(file), FLATS)) == {}


async def test_two_runs_of_one_file_do_not_meet(engine, file):
    flats(file, flat())
    async with engine.connect() as connection, file_lock(connection, fingerprint_of_file(file)):
        with pytest.raises(ImportRunning):
            await run_import(engine, file, FLATS)
    assert counts(await run_import(engine, file, FLATS)) == {"rows": 1, "created": 1}


async def test_two_files_of_the_same_offers_at_once_end_as_one_of_them(engine, tmp_path):
    rows = [offer(f"A-{number}") for number in range(2_000)]
    forth = offers(tmp_path / "forth", *rows)
    back = offers(tmp_path / "back", *reversed(rows))
    reports = await asyncio.gather(run_import(engine, forth, FEED), run_import(engine, back, FEED))
    assert sum(report.created for report in reports) == 2_000
    assert sum(report.unchanged for report in reports) == 2_000


async def test_a_row_that_an_editor_holds_is_waited_for(engine, settings, file):
    """The editor lets go of it after the import has met the lock for the length of a lock timeout."""
    offers(file, offer("A-1"))
    await run_import(engine, file, FEED)
    usual = open_database(settings.model_copy(update={"database_lock_timeout_s": 2}))
    timed_out = asyncio.Event()
    event.listen(usual.sync_engine, "handle_error", lambda _: timed_out.set())
    async with engine.connect() as editor:
        transaction = await editor.begin()
        await editor.execute(text("SELECT FROM properties FOR UPDATE"))
        running = asyncio.create_task(run_import(usual, offers(file, offer("A-1", price=11_000_000)), FEED))
        await timed_out.wait()
        await transaction.rollback()
        assert counts(await running) == {"rows": 1, "updated": 1}
    await usual.dispose()


async def test_rows_that_stay_locked_are_said_to_be(engine, impatient, file):
    await run_import(engine, offers(file, offer("A-1")), FEED)
    async with engine.connect() as editor:
        await editor.execute(text("SELECT FROM properties FOR UPDATE"))
        with pytest.raises(DatabaseUnavailable, match="Somebody else holds rows"):
            await run_import(impatient, offers(file, offer("A-1", price=11_000_000)), FEED)
    assert counts(await run_import(engine, file, FEED)) == {"rows": 1, "updated": 1}


async def test_of_several_jobs_of_one_file_one_is_gone_on_from(engine, file):
    many_flats(file, 1_500)
    await run_import(engine, file, FLATS)
    await run_import(engine, file, FLATS)
    async with engine.begin() as connection:
        left = "UPDATE import_jobs SET state = 'failed', error = 'RuntimeError', rows = :rows WHERE id = :id"
        jobs = (await connection.scalars(text("SELECT id FROM import_jobs ORDER BY id"))).all()
        for rows, job_id in zip((0, 1_000), jobs, strict=True):
            await connection.execute(text(left), {"rows": rows, "id": job_id})
    await run_import(engine, file, FLATS)
    assert await ask(engine, "SELECT state, rows, error FROM import_jobs ORDER BY id") == [
        ("failed", 0, "RuntimeError"),
        ("done", 1_500, None),
    ]


async def test_a_database_that_is_away_is_said_to_be(file):
    engine = open_database(Settings(database_url="postgresql://localhost:1/nowhere"))
    with pytest.raises(DatabaseUnavailable):
        await run_import(engine, flats(file, flat()), FLATS)
    await engine.dispose()


async def test_a_run_that_fails_says_so_and_is_gone_on_from(engine, file):
    def fail(_rows: int) -> None:
        raise RuntimeError("full")

    many_flats(file, 1_500)
    with pytest.raises(RuntimeError):
        await run_import(engine, file, FLATS, progress=fail)
    assert await ask(engine, "SELECT state, rows, error FROM import_jobs") == [
        ("failed", 1000, "RuntimeError")
    ]
    report = await run_import(engine, file, FLATS)
    assert counts(report) == {"rows": 1500, "created": 1470, "duplicates": 15, "rejected": 15}
    assert await ask(engine, "SELECT state, rows, error FROM import_jobs") == [("done", 1500, None)]


async def test_what_the_database_refused_is_still_known_after_a_failure(engine, file, a_rule):
    def fail(_rows: int) -> None:
        raise RuntimeError("full")

    flats(file, flat(price="13000000"), flat())
    with pytest.raises(RuntimeError):
        await run_import(engine, file, FLATS, progress=fail)
    report = await run_import(engine, file, FLATS)
    assert counts(report) == {"rows": 2, "created": 1, "rejected": 1}
    assert [(issue.line, issue.message) for issue in report.issues] == [(2, f"breaks the rule {a_rule}")]


async def test_the_report_is_shown_and_written(engine, file, tmp_path):
    flats(file, flat(), *(flat(f"[bold]Sigma {number}[/], Noida") for number in range(8)))
    report = await run_import(engine, file, FLATS, dry_run=True)
    console = Console(width=120)
    with console.capture() as captured:
        console.print(render(report))
    shown = captured.get()
    assert "dry run: nothing written" in shown
    assert "[bold]Sigma 0[/], Noida" in shown  # brackets in a file are not markup
    assert "3 more" in shown
    report.write(tmp_path / "report.json")
    assert orjson.loads((tmp_path / "report.json").read_bytes()) == report.as_json()


async def test_a_report_without_findings_shows_its_counts(engine, file):
    report = await run_import(engine, flats(file, flat(), flat()), FLATS)
    console = Console(width=120)
    with console.capture() as captured:
        console.print(render(report))
    assert "more" not in captured.get()
    assert "duplicates" in captured.get()


async def test_ten_thousand_rows_take_seconds(engine, file, capsys):
    many_flats(file, 10_000)
    start = time.perf_counter()
    report = await run_import(engine, file, FLATS)
    rate = report.rows / (time.perf_counter() - start)
    with capsys.disabled():
        sys.stdout.write(
            f"\nimport: {rate:,.0f} rows/s\n"
        )  # printed, not asserted, because a busy machine is not a defect
    assert counts(report) == {"rows": 10_000, "created": 9_800, "duplicates": 100, "rejected": 100}
