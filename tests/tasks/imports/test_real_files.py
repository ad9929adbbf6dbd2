"""The two real files, where a developer has them; not a row of them is in the project."""

from pathlib import Path

import pytest

from tasks.imports.job import run_import
from tasks.imports.mapping import load_mapping

REAL = Path(__file__).parents[4] / "shared" / "data" / "real"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason="the real listing files have no licence and lie beside the project, not in it"
)


@pytest.mark.parametrize(
    ("name", "rows", "created", "codes"),
    [
        ("noida_flats", 4_460, 2_328, {"duplicate": 2_091, "outside_noida": 38, "unknown_locality": 3}),
        (
            "magicbricks_delhi_ncr",
            2_345,
            257,
            {"outside_noida": 2_060, "unknown_locality": 14, "missing": 13, "out_of_range": 1},
        ),
    ],
)
async def test_every_row_is_accounted_for(engine, name, rows, created, codes):
    report = await run_import(engine, REAL / f"{name}.csv", load_mapping(name))
    assert (report.rows, report.created, report.codes) == (rows, created, codes)
    assert report.created + report.updated + report.unchanged + report.duplicates + report.rejected == rows

    again = await run_import(engine, REAL / f"{name}.csv", load_mapping(name))
    assert (again.rows, again.created, again.updated, again.unchanged) == (rows, 0, 0, created)
