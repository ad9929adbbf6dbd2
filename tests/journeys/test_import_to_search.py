"""An operator imports a feed, and visitors find its listings."""

import asyncio
from pathlib import Path

import pytest
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.indexer.agreement import agree, pending
from tests.journeys.conftest import Product
from tests.tasks.imports.foreign_files import flat, flats, many_flats

pytestmark = pytest.mark.usefixtures("no_index_after")


async def test_imported_rows_are_accounted_for_and_found(product: Product, tmp_path: Path):
    file = flats(
        tmp_path / "flats.csv",
        flat("Sector1", bhk="2 ", price=" 45 L"),
        flat("Sector-106 Noida", price=" 3.9 Cr"),
        flat("Sector 62, Noida ", price=" 29 L"),
        flat("Sector 62, Noida ", price=" 29 L"),
        flat("Yamuna Expressway"),
        flat("rho 2, Noida"),
        flat("Bahlolpur, Noida"),
        flat("Sector 62, Noida", price=" call us"),
    )
    assert (await product.run("indexer.cli", "reindex"))[0] == 0
    product.start("indexer.cli", "run")
    await product.serve()
    code, printed = await product.run("server.cli", "import", str(file), "--map", "noida_flats")
    assert code == 0, printed
    for said in ("outside_noida", "unknown_locality", "Bahlolpur"):
        assert said in printed
    answer = await product.found(3, sort="price_asc")
    assert [(item["locality"], item["price"], item["bhk"]) for item in answer["items"]] == [
        ("Sector 62", 2_900_000, 3),
        ("Sector 1", 4_500_000, 2),
        ("Sector 106", 39_000_000, 3),
    ]
    narrowed = await product.guided(answers={"budget": {"max": 5_000_000}, "bhk": 2})
    assert [item["locality"] for item in narrowed["items"]] == ["Sector 1"]
    status, page = await product.ask(f"/api/v1/properties/{answer['items'][0]['id']}")
    assert (status, page["locality"]) == (200, "Sector 62")


async def test_a_dry_run_tells_the_same_and_writes_nothing(
    product: Product, tmp_path: Path, engine: AsyncEngine
):
    file = flats(tmp_path / "flats.csv", flat(), flat("Sector 78, Noida"), flat("Yeida"))
    code, printed = await product.run("server.cli", "import", str(file), "--map", "noida_flats", "--dry-run")
    assert (code, await pending(engine)) == (0, 0), printed
    assert "outside_noida" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv", "--map", "noida_flats"), "nowhere.csv"),
        (("nowhere.csv", "--map", "unknown_portal"), "unknown_portal"),
    ],
)
async def test_an_import_that_cannot_begin_says_why_in_a_sentence(
    product: Product, arguments: tuple[str, ...], said: str
):
    code, printed = await product.run("server.cli", "import", *arguments)
    assert (code, "Traceback" in printed) == (2, False)
    assert said in printed


async def test_an_import_without_a_database_says_so(product: Product, tmp_path: Path):
    product.environment["DATABASE_URL"] = "postgresql://postgres@127.0.0.1:9/gone"
    file = flats(tmp_path / "flats.csv", flat())
    code, printed = await product.run("server.cli", "import", str(file), "--map", "noida_flats")
    assert (code, "Traceback" in printed) == (4, False), printed


async def test_killing_the_indexer_during_an_import_loses_nothing(
    product: Product, tmp_path: Path, engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings
):
    file = many_flats(tmp_path / "flats.csv", 6_000)
    await product.run("indexer.cli", "reindex")
    indexer = product.start("indexer.cli", "run")
    importing = asyncio.create_task(product.run("server.cli", "import", str(file), "--map", "noida_flats"))
    await indexer.until(lambda: pending(engine), "changes wait")
    indexer.kill()
    code, printed = await importing
    assert code == 0, printed
    assert await pending(engine) > 0
    second = product.start("indexer.cli", "run")
    await second.until(lambda: nothing_pending(engine), "nothing waits")
    await agree(engine, search, settings.index_alias)


async def nothing_pending(engine: AsyncEngine) -> bool:
    return not await pending(engine)
