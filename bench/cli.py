"""`python -m bench`: benchmarks. Compare the ratios of a run; absolute times depend on the machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bench import admin, guided, images, imports, index, leads, logins, market, profile, reader, search, sync
from bench.harness import comparison, growth
from bench.harness.catalogue import filled
from bench.harness.report import BenchReport, write_all

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "Measure CasaBricks on this machine, with servers and demo listings of its own, which are deleted"
        " afterwards. Compare the ratios of a run: times depend on the machine. bench/README.md has figures."
    ),
)

Json = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")]
Listings = Annotated[int, typer.Option(min=1_000, help="Demo listings to measure with.")]
Rounds = Annotated[int, typer.Option(min=1, help="The figures are the medians of the rounds.")]
Seconds = Annotated[float, typer.Option(min=2, help="Seconds for each target in each round.")]

# The defaults of the benches, which `all` runs too.
LISTINGS, ROUNDS = 100_000, 3
LONG_S, TURN_S, WRITING_S, LEADS_S = 6.0, 4.0, 20.0, 5.0
ADMIN_TIMES, UPLOADS, READINGS = 300, 20, 100


@app.command("guided")
def guided_command(
    listings: Listings = LISTINGS,
    peer: Annotated[
        Path | None, typer.Option(help="A FastAPI module with the same endpoint.", exists=True)
    ] = None,
    seconds: Seconds = LONG_S,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """Guided search through the API, compared with a bare handler and with OpenSearch alone."""
    with filled(listings) as stores:
        publish(guided.run(stores, listings, peer, seconds=seconds, rounds=rounds), json)


@app.command("search")
def search_command(
    listings: Listings = LISTINGS,
    peer: Annotated[
        Path | None, typer.Option(help="A program with other forms of asking the index.", exists=True)
    ] = None,
    seconds: Seconds = TURN_S,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """Faceted search, map, suggestions and cached answers, and other forms of the OpenSearch query."""
    with filled(listings) as stores:
        publish(search.run(stores, listings, peer, seconds=seconds, rounds=rounds), json)


@app.command("market")
def market_command(
    listings: Listings = LISTINGS,
    seconds: Seconds = TURN_S,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """The market comparison of one listing, and the pass over all listings."""
    with filled(listings) as stores:
        publish(market.run(stores, listings, seconds=seconds, rounds=rounds), json)


@app.command("reader")
def reader_command(
    times: Annotated[int, typer.Option(help="How often each query is read.", min=10)] = READINGS,
    json: Json = None,
) -> None:
    """Reading what a visitor types as filters."""
    publish(reader.run(times), json)


@app.command("admin")
def admin_command(
    listings: Listings = LISTINGS,
    times: Annotated[int, typer.Option(help="How often each thing is done.", min=100)] = ADMIN_TIMES,
    json: Json = None,
) -> None:
    """Admin requests that create, change and list properties."""
    with filled(listings) as stores:
        publish(admin.run(stores, listings, times=times), json)


@app.command("logins")
def logins_command(json: Json = None) -> None:
    """How long the event loop is blocked while many users log in at once."""
    publish(logins.run(), json)


@app.command("import")
def import_command(
    listings: Annotated[int, typer.Option("--rows", min=1_000, help="Rows of the file.")] = LISTINGS,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """Import a file of --rows new rows, then the same file again."""
    publish(imports.run(listings, rounds=rounds), json)


@app.command("sync")
def sync_command(
    listings: Listings = LISTINGS,
    seconds: Annotated[float, typer.Option(help="Seconds of writes, and of searches.", min=2)] = WRITING_S,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """A reindex compared with a raw bulk, the lag until changes are searchable, and verification."""
    with filled(listings) as stores:
        publish(sync.run(stores, listings, seconds=seconds, rounds=rounds), json)


@app.command("index")
def index_command(
    listings: Listings = LISTINGS,
    seconds: Seconds = TURN_S,
    rounds: Rounds = ROUNDS,
    json: Json = None,
) -> None:
    """The index with other settings: its order, merges, caches, compression, shards and segments."""
    with filled(listings) as stores:
        publish(index.run(stores, listings, seconds=seconds, rounds=rounds), json)


@app.command("leads")
def leads_command(
    inquiries: Annotated[int, typer.Option(min=1_000, help="Leads to measure with.")] = LISTINGS,
    seconds: Annotated[float, typer.Option(help="Seconds for each kind of question.")] = LEADS_S,
    connections: Annotated[int, typer.Option(min=1, help="Admins asking at once.")] = 1,
    json: Json = None,
) -> None:
    """The admins' list of leads: pages, sort orders, filters, searches and totals."""
    publish(leads.run(inquiries, seconds=seconds, connections=connections), json)


@app.command("images")
def images_command(
    uploads: Annotated[int, typer.Option(help="How often each way is taken.", min=2)] = UPLOADS,
    json: Json = None,
) -> None:
    """Upload a picture of 12 megapixels, compared with Pillow making only its three variants."""
    publish(images.run(uploads), json)


@app.command("all")
def all_command(
    listings: Listings = LISTINGS,
    peer: Annotated[Path | None, typer.Option(help="A FastAPI module for `guided`.", exists=True)] = None,
    forms: Annotated[Path | None, typer.Option(help="A program for `search`.", exists=True)] = None,
    json: Json = None,
) -> None:
    """Every bench at one size; exit code 1 when a ratio falls short of its goal."""
    reports: dict[str, BenchReport] = {}
    for name, report in _all(listings, peer, forms):
        typer.echo(f"\n{name}")
        report.show()
        reports[name] = report
        if json is not None:
            write_all(json, reports)  # after each, because a run takes long
    missed = [f"{name}: {ratio}" for name, report in reports.items() for ratio in report.missed]
    for line in missed:
        typer.echo(f"missed: {line}")
    raise typer.Exit(bool(missed))


def _all(listings: int, peer: Path | None, forms: Path | None) -> Iterator[tuple[str, BenchReport]]:
    """Run the benches one after the other; those of listings share their stores."""
    with filled(listings) as stores:
        yield "guided", guided.run(stores, listings, peer, seconds=LONG_S, rounds=ROUNDS)
        yield "search", search.run(stores, listings, forms, seconds=TURN_S, rounds=ROUNDS)
        yield "market", market.run(stores, listings, seconds=TURN_S, rounds=ROUNDS)
        yield "sync", sync.run(stores, listings, seconds=WRITING_S, rounds=ROUNDS)
        yield "admin", admin.run(stores, listings, times=ADMIN_TIMES)
    yield "leads", leads.run(listings, seconds=LEADS_S, connections=1)
    yield "import", imports.run(min(listings, LISTINGS), rounds=ROUNDS)
    yield "images", images.run(UPLOADS)
    yield "logins", logins.run()
    yield "reader", reader.run(READINGS)


@app.command("compare")
def compare_command(
    before: Annotated[Path, typer.Argument(exists=True, help="The --json file of a run.")],
    after: Annotated[Path, typer.Argument(exists=True, help="That of a later run.")],
) -> None:
    """Compare two runs of the same bench: what changed by more than the noise of their rounds."""
    comparison.show(comparison.compare(before, after))


@app.command("growth")
def growth_command(
    files: Annotated[
        list[Path], typer.Argument(exists=True, help="The --json files of runs at several sizes.")
    ],
    output: Annotated[Path, typer.Option(help="The plot (.svg).")] = Path("growth.svg"),
) -> None:
    """Draw how times grow with the number of listings, from the files of several runs."""
    try:
        growth.draw(growth.growth_of(files), output)
    except growth.NothingToDrawError as error:
        raise typer.BadParameter(str(error), param_hint="FILES") from None


@app.command("profile")
def profile_command(
    wanted: Annotated[
        profile.Profiled, typer.Argument(help="The search to profile.")
    ] = profile.Profiled.GUIDED,
    listings: Listings = LISTINGS,
    seconds: Annotated[int, typer.Option(help="Seconds under load.", min=1)] = 15,
    output: Annotated[
        Path, typer.Option(help="A flame graph (.svg), stacks (.txt), or for speedscope.app (.json).")
    ] = Path("profile.svg"),
) -> None:
    """Profile a search: write a flame graph of the API's worker under load."""
    if output.suffix not in profile.FORMATS:
        raise typer.BadParameter(f"ends in none of {', '.join(profile.FORMATS)}", param_hint="--output")
    measured = profile.run(wanted, listings, output, seconds=seconds)
    typer.echo(f"{output}: {measured.per_second:,} searches a second while it was taken")


def publish(report: BenchReport, json: Path | None) -> None:
    report.show()
    if json is not None:
        report.write(json)
