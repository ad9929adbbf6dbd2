"""What a bench says of its own figures: goals that were missed, and moves that mean something."""

from pathlib import Path

import pytest

from bench.harness.comparison import compare
from bench.harness.goals import MILLION
from bench.harness.load import Measured
from bench.harness.report import BenchReport, medians, write_all


def row(name: str = "hits", p50_ms: float = 10.0, spread: float = 0.0) -> Measured:
    return Measured(name, p50_ms, 2 * p50_ms, 3 * p50_ms, 1000 / p50_ms, spread)


def report(*rows: Measured, listings: int = 100_000, **ratios: float) -> BenchReport:
    return BenchReport(listings, rows, ratios)


def test_a_ratio_beyond_its_bound_is_missed():
    found = report(faceted_over_hits_p50=1.9, api_over_bare=0.79, cached_over_hello=0.4, api_over_engine=0.1)
    assert found.missed == ["faceted_over_hits_p50", "api_over_bare"]


@pytest.mark.parametrize(("listings", "missed"), [(100_000, []), (MILLION, ["one_request_over_faceted_p50"])])
def test_a_goal_may_hold_for_large_indexes_only(listings: int, missed: list[str]):
    assert report(listings=listings, one_request_over_faceted_p50=4.0).missed == missed


def test_rounds_become_their_medians_and_say_how_far_they_were_apart():
    assert medians([row(p50_ms=9.0), row(p50_ms=10.0), row(p50_ms=12.0)]) == Measured(
        "hits", 10.0, 20.0, 30.0, 100.0, 0.15
    )


def test_only_moves_beyond_the_noise_of_both_runs_are_real(tmp_path: Path):
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    report(row("steady"), row("noisy", spread=0.3), row("faster"), row("gone")).write(before)
    report(row("steady", 10.4), row("noisy", 12.5), row("faster", 5.0), row("new")).write(after)
    moves = compare(before, after)
    assert [(move.row, round(move.change, 2), move.is_real) for move in moves] == [
        ("faster", -0.5, True),
        ("noisy", 0.25, False),
        ("steady", 0.04, False),
    ]


def test_runs_of_all_benches_are_compared_bench_by_bench(tmp_path: Path):
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    write_all(before, {"search": report(row()), "guided": report(row())})
    write_all(after, {"search": report(row(p50_ms=20.0)), "guided": report(row())})
    moves = compare(before, after)
    assert [(move.bench, move.change) for move in moves] == [("search", 1.0), ("guided", 0.0)]
