"""Properties exported as a file, and imported again."""

import asyncio
import csv
import io
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from schemas.settings import Settings
from schemas.urls import sqlalchemy_url
from services.properties.export import ExportRequest, export_properties
from tasks.scores import score_waiting
from tasks.uploads import import_waiting
from tests.factories import home, plot, store
from tests.server.conftest import Api

EXPORT = "/api/v1/admin/properties.csv"


async def exported(api: Api, **query: Any) -> list[dict[str, str]]:
    answer = await api.get(EXPORT, **query)
    assert (answer.status, answer.body[:3]) == (200, b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


async def snapshot(engine: AsyncEngine) -> list[Any]:
    """Return all rows, without the columns that the market pass after an import may change."""
    query = "SELECT to_jsonb(p) - 'revision' - 'updated_at' FROM properties p ORDER BY id"
    async with engine.connect() as connection:
        return list(await connection.scalars(text(query)))


async def test_an_export_holds_every_property_in_every_state(admin: Api, engine: AsyncEngine):
    garden = home("Garden flat", external_ref="A1", bhk=2.5)
    await store(engine, garden, plot(state="sold"), home(state="draft"))
    first, *others = await exported(admin)
    assert (first["external_ref"], first["title"], first["bhk"], first["price"]) == (
        "A1",
        "Garden flat",
        "2.5",
        "12000000",
    )
    assert [row["state"] for row in others] == ["sold", "draft"]
    assert all(row["external_ref"].startswith("id:") for row in others)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"state": "sold"}, ["b"]),
        ({"listing_type": "rent"}, ["c"]),
        ({"locality": "Sector 150"}, ["d"]),
        ({}, ["a", "b", "c", "d"]),
    ],
)
async def test_an_export_is_narrowed(admin: Api, engine: AsyncEngine, query: Any, titles: list[str]):
    await store(
        engine,
        home("a"),
        home("b", state="sold"),
        home("c", listing_type="rent", price=30_000),
        home("d", locality="Sector 150"),
    )
    assert [row["title"] for row in await exported(admin, **query)] == titles


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "'", "＝"])
async def test_no_cell_is_a_formula(admin: Api, engine: AsyncEngine, begin: str):
    await store(engine, home(f"{begin}cmd|' /C calc'!A0"))
    [row] = await exported(admin)
    assert row["title"].startswith("'" + begin)


async def test_a_number_below_zero_is_a_number(admin: Api, engine: AsyncEngine):
    await store(engine, home("-1", floor_number=-1, total_floors=4))
    [row] = await exported(admin)
    assert (row["title"], row["floor_number"]) == ("'-1", "-1")


async def test_who_reads_slowly_gets_the_whole_file(settings: Settings, engine: AsyncEngine):
    await store(engine, *(home(str(n)) for n in range(1_203)))
    options = {"options": "-c idle_in_transaction_session_timeout=50ms"}
    hasty = create_async_engine(sqlalchemy_url(settings.database_url), connect_args=options)
    pieces = []
    async for piece in export_properties(hasty, ExportRequest()):
        await asyncio.sleep(0.15)  # longer than the usual idle timeout of a transaction
        pieces.append(piece)
    await hasty.dispose()
    assert len(list(csv.reader(io.StringIO("".join(pieces))))) == 1_204


async def test_an_export_comes_back_and_changes_nothing(admin: Api, engine: AsyncEngine):
    await store(
        engine,
        home("=Formula flat", external_ref="A1", floor_number=-1, total_floors=4),
        home("Quoted", external_ref="A0", description='Line one\nline two, "quoted"'),
        home("Placed", external_ref="A2", latitude=28.61, longitude=77.36, bhk=2.5, area_basis="carpet"),
        home("Somewhere", external_ref="A3", location_approximate=True, furnishing_status="semi_furnished"),
        plot(external_ref="A4", facing_direction="north_east", open_sides=2),
    )
    await score_waiting(engine)
    before = await snapshot(engine)
    content = (await admin.get(EXPORT)).body
    asked = await admin.ask(
        "POST",
        "/api/v1/admin/imports",
        data=content,
        params={"dry_run": "false"},
        headers={"content-type": "text/csv"},
    )
    await import_waiting(engine)
    job = (await admin.get(asked.headers["location"])).body
    assert (job["unchanged"], job["rejected"], job["report"]["issues"]) == (5, 0, [])
    assert await snapshot(engine) == before


async def test_a_property_without_a_reference_is_edited_by_its_id(admin: Api, engine: AsyncEngine):
    [key] = await store(engine, home("Old title"))
    content = (await admin.get(EXPORT)).body.replace(b"Old title", b"New title")
    await admin.ask(
        "POST",
        "/api/v1/admin/imports",
        data=content,
        params={"dry_run": "false"},
        headers={"content-type": "text/csv"},
    )
    await import_waiting(engine)
    [row] = await snapshot(engine)
    assert (row["id"], row["title"], row["external_ref"]) == (str(key), "New title", None)


async def test_many_rows_come_from_one_moment(admin: Api, engine: AsyncEngine):
    await store(engine, *(home(str(n)) for n in range(1_203)))
    assert len(await exported(admin)) == 1_203


@pytest.mark.parametrize(
    ("query", "pointers"),
    [({"state": "gone"}, {"#/state/0": "enum"}), ({"columns": "x"}, {"#/columns": "extra_forbidden"})],
)
async def test_wrong_questions_are_named(admin: Api, query: Any, pointers: dict[str, str]):
    answer = await admin.get(EXPORT, **query)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)
