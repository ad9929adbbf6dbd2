"""How times grow with the listings: which figures are drawn, and what is said without any."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import guided, sync
from bench.cli import app
from bench.harness.growth import draw, growth_of
from bench.harness.load import Measured
from bench.harness.report import BenchReport, write_all


def report(listings: int, **p50_ms: float) -> BenchReport:
    names = {"guided": guided.API, "verify": sync.VERIFY, "bare": guided.BARE}
    rows = [Measured(names[row], p50, 2 * p50, 3 * p50, 1000 / p50) for row, p50 in p50_ms.items()]
    return BenchReport(listings, rows, {})


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One run of all benches, two of single ones, and a later one at the same size."""
    names = [tmp_path / f"{name}.json" for name in ("all", "verify", "early", "late")]
    write_all(names[0], {"guided": report(1_000, guided=4.0, bare=3.0), "sync": report(1_000, verify=50.0)})
    report(100_000, verify=120.0).write(names[1])
    report(100_000, guided=13.0).write(names[2])
    report(100_000, guided=12.0).write(names[3])
    return names


def test_runs_at_several_sizes_become_lines_and_a_later_run_wins(files: list[Path]):
    assert growth_of(files) == {
        guided.API: {1_000: 4.0, 100_000: 12.0},
        sync.VERIFY: {1_000: 50.0, 100_000: 120.0},
    }


def test_the_plot_names_sizes_and_lines(files: list[Path], tmp_path: Path):
    plot = tmp_path / "growth.svg"
    assert CliRunner().invoke(app, ["growth", *map(str, files), "--output", str(plot)]).exit_code == 0
    shown = set(re.findall(r">([^<>]+)</", plot.read_text()))
    assert shown >= {"1,000", "100,000", "10", "100", "verify", "guided search, all counts"}
    assert "reindex" not in shown


def test_the_same_figures_give_the_same_file(files: list[Path], tmp_path: Path):
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    draw(growth_of(files[:3]), first)
    draw(growth_of(reversed(files[:3])), second)
    assert first.read_bytes() == second.read_bytes()


def test_files_without_any_of_the_lines_are_refused(tmp_path: Path):
    report(1_000, bare=3.0).write(tmp_path / "bare.json")
    said = CliRunner().invoke(app, ["growth", str(tmp_path / "bare.json")], env={"COLUMNS": "200"})
    assert said.exit_code == 2
    assert "none of the rows that grow with the listings" in said.stderr
    assert not Path("growth.svg").exists()
