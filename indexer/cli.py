"""The `indexer` command, for operators and for machines (`--json`).

Exit codes: 0 fine, 1 drift, dead letters or another problem, 2 usage, 3 refused, 4 a store is unreachable.
`indexer run` exits with 0 when it is told to stop, and with 3 when it must not write here.
"""

import asyncio
import os
from time import perf_counter
from typing import Annotated
from uuid import UUID

import click
import typer

from indexer import cli_letters
from indexer.lifecycle.generations import Refused
from indexer.lifecycle.plan import Needed, make_plan
from indexer.lifecycle.prune import PrunePlan, plan_prune, prune
from indexer.lifecycle.reindex import reindex, reindex_lock
from indexer.lifecycle.rollback import rollback
from indexer.run import run, wait
from indexer.status import Status, read_status, table
from indexer.terminal import (
    DRIFT,
    OK,
    REFUSED,
    DryRun,
    Json,
    Outcome,
    execute,
    exit_with_error,
    progress_bar,
    show,
    stop_event,
    stores,
)
from indexer.verification.checks import check_index
from indexer.verification.sync import REFUSED as NOT_TAKEN
from indexer.verification.sync import sync_ids
from runtime.garbage import collect_seldom
from runtime.logs import configure_logs
from runtime.startup import read_settings
from schemas.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "Keep the search index in step with Postgres. First `reindex` builds an index, then `run` follows the"
        " changes. A generation is one such index; searches read the live one. Exit codes: 0 fine, 1 a"
        " problem was found, 2 usage, 3 refused, 4 a store is unreachable."
    ),
)
app.add_typer(cli_letters.app, name="dead-letters")

COLLECTED_AFTER = 100_000
"""New objects after which the indexer looks for garbage. Documents hold no cycles, but with Python's default,
looking for them takes a fifth of the time."""
LESS_URGENT = 10
"""The priority that a reindex gives away, as of `nice`."""


@app.command("run")
def run_command(as_json: Annotated[bool, typer.Option("--json", help="Log in JSON.")] = False) -> None:
    """Index changes as they are committed; any number of these processes may run at once."""
    settings = read_settings()
    configure_logs(settings.log_level, json=as_json or settings.log_json)
    try:
        asyncio.run(_run(settings))
    except Refused as error:
        exit_with_error(REFUSED, str(error), as_json=as_json)


async def _run(settings: Settings) -> None:
    collect_seldom(after=COLLECTED_AFTER)
    await run(settings, stop_event())


@app.command("reindex")
def reindex_command(
    restart: Annotated[
        bool, typer.Option("--restart/--resume", help="Begin anew, or go on where a killed run ended.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Build a new index from the table while the old one is searched, then switch to it."""
    settings = read_settings()
    command = _plan(settings) if dry_run else _reindex(settings, restart=restart, as_json=as_json)
    execute(command, as_json=as_json)


async def _reindex(settings: Settings, *, restart: bool, as_json: bool) -> Outcome:
    collect_seldom(after=COLLECTED_AFTER)
    os.nice(LESS_URGENT)  # searches and changes on the same machine go first
    began = perf_counter()
    async with stores(settings) as to:
        with progress_bar("filling", shown=not as_json) as progress:
            name = await reindex(
                to.engine, to.search, settings, progress=progress, restart=restart, epoch=to.epoch
            )
    seconds = round(perf_counter() - began, 3)
    return Outcome({"live": name, "seconds": seconds}, [f"{name} is live."])


@app.command("plan")
def plan_command(as_json: Json = False) -> None:
    """Show what this release needs of the index and what it costs; exit code 1 means something is needed."""
    execute(_plan(read_settings()), as_json=as_json)


async def _plan(settings: Settings) -> Outcome:
    async with stores(settings) as to:
        plan = await make_plan(to.engine, to.search, settings)
    return Outcome(plan.to_json(), list(plan.sentences()), DRIFT if plan.needed is not Needed.NOTHING else OK)


@app.command("status")
def status_command(
    watch: Annotated[bool, typer.Option("--watch", help="Repeat every second, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Show pending changes, refused documents and the generations; exit code 1 means there are problems."""
    execute(_status(read_settings(), watch=watch, as_json=as_json), as_json=as_json)


async def _status(settings: Settings, *, watch: bool, as_json: bool) -> Outcome:
    stop = stop_event()
    async with stores(settings) as to:
        outcome = _status_outcome(await read_status(to.engine, to.search, settings))
        while watch and not stop.is_set():
            if not as_json:
                click.clear()
            show(outcome, as_json=as_json)
            await wait(stop, seconds=1)
            outcome = _status_outcome(await read_status(to.engine, to.search, settings))
    return outcome


def _status_outcome(status: Status) -> Outcome:
    return Outcome(status.to_json(), [table(status), *status.problems], DRIFT if status.problems else OK)


@app.command("verify")
def verify_command(
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare whole documents too, not only their revisions.")
    ] = False,
    repairing: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Repair the differences, and remove tombstones of deleted properties after a day.",
        ),
    ] = False,
    generation: Annotated[
        str | None, typer.Option(help="Compare this generation instead of the live one.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Compare the index with the table, row by row; exit code 1 means that they differ."""
    with progress_bar("comparing", shown=deep and not as_json) as progress:
        command = check_index(
            read_settings(),
            index=generation,
            deep=progress if deep else None,
            repairing=repairing and not dry_run,
        )
        execute(command, as_json=as_json)


@app.command("rollback")
def rollback_command(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Make the previous generation live again."""
    execute(_rollback(read_settings(), dry_run=dry_run), as_json=as_json)


async def _rollback(settings: Settings, *, dry_run: bool) -> Outcome:
    async with stores(settings) as to:
        name = await rollback(to.engine, to.search, settings, epoch=to.epoch, dry_run=dry_run)
    sentence = f"{name} would be live again." if dry_run else f"{name} is live again."
    return Outcome({"live": name, "dry_run": dry_run}, [sentence])


@app.command("prune")
def prune_command(
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also delete what an interrupted reindex has filled.")
    ] = False,
    retained: Annotated[
        bool,
        typer.Option(
            "--retained", help="Also delete the previous generation; after that there is no rollback."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete generations and indexes that are no longer needed."""
    command = _prune(read_settings(), unfinished=unfinished, retained=retained, dry_run=dry_run)
    execute(command, as_json=as_json)


async def _prune(settings: Settings, *, unfinished: bool, retained: bool, dry_run: bool) -> Outcome:
    async with stores(settings) as to, reindex_lock(to.engine, to.alias):
        what = await plan_prune(to.engine, to.search, to.alias, unfinished=unfinished, retained=retained)
        if not dry_run:
            await prune(to.engine, to.search, what)
    return _prune_outcome(what, dry_run=dry_run)


def _prune_outcome(what: PrunePlan, *, dry_run: bool) -> Outcome:
    names = [*what.generations, *what.indexes]
    verb = "would be deleted" if dry_run else "is deleted"
    facts = {"generations": what.generations, "indexes": what.indexes, "dry_run": dry_run}
    return Outcome(facts, [f"{name} {verb}." for name in names] or ["There is nothing to delete."])


@app.command("sync-ids")
def sync_command(
    ids: Annotated[list[UUID], typer.Argument(help="Ids of properties.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Index these properties again at once; exit code 1 means that some were refused."""
    execute(_sync(read_settings(), ids, dry_run=dry_run), as_json=as_json)


async def _sync(settings: Settings, ids: list[UUID], *, dry_run: bool) -> Outcome:
    async with stores(settings) as to:
        fates = await sync_ids(to.engine, to.search, to.alias, ids, epoch=to.epoch, dry_run=dry_run)
    would = "would be " if dry_run else ""
    return Outcome(
        {"properties": fates, "dry_run": dry_run},
        [f"{name} {would}{fate}" for name, fate in fates.items()],
        DRIFT if NOT_TAKEN in fates.values() else OK,
    )


if __name__ == "__main__":
    app()
