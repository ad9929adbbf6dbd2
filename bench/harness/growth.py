"""How times grow with the number of listings: a plot, drawn from the files of runs at several sizes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench import guided, search, sync
from bench.harness.report import read_all

LINES: Mapping[str, str] = {
    sync.REINDEX: "reindex",
    sync.VERIFY: "verify",
    sync.LAG: "commit to searchable",
    guided.API: "guided search, all counts",
    search.FACETED: "faceted search, six facets and histogram",
    search.MAP: "map",
    search.SUGGEST: "suggestions",
}
"""The rows that are drawn -> what the plot calls them."""

Growth = Mapping[str, Mapping[int, float]]
"""By row, then by the number of listings: the p50 in milliseconds."""


class NothingToDrawError(Exception):
    """No file has one of the rows."""


def growth_of(files: Iterable[Path]) -> Growth:
    """Read the drawn rows of all files, each of one bench or of all; a later file wins."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for file in files:
        for report in read_all(file).values():
            for row in report["rows"]:
                if row["name"] in LINES:
                    found[row["name"]][report["listings"]] = row["p50_ms"]
    return found


def draw(growth: Growth, file: Path) -> None:
    """Write the plot as SVG; both axes are logarithmic, so a straight line is a constant power.

    Raises:
        NothingToDrawError: there are no figures.
    """
    if not growth:
        raise NothingToDrawError("The files have none of the rows that grow with the listings.")
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for row, name in LINES.items():
        if row in growth:
            points = sorted(growth[row].items())
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="listings", ylabel="p50, milliseconds")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    # Without a date and random ids, the same figures give the same file.
    with rc_context({"svg.hashsalt": "growth", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
