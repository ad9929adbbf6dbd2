"""`python -m embedded`: runs the whole stack for development or for a demo."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from embedded.catalogue import load
from embedded.errors import StackError
from embedded.interruption import Interrupted, interruptible
from embedded.progress import complain, say
from embedded.runenv import read_run_env
from embedded.servers.children import end_recorded
from embedded.state import StateDirectory
from embedded.up import SEED, serve_stores, up
from schemas.settings import Settings

app = typer.Typer(
    add_completion=False,
    help=(
        "Run Postgres, OpenSearch, Redis and CasaBricks on this machine, without Docker. The command is `up`"
        " if none is given. Data stays in .casabricks, or where CASABRICKS_HOME says. If DATABASE_URL,"
        " OPENSEARCH_URL or REDIS_URL is set, that server is used instead."
    ),
    pretty_exceptions_enable=False,
)


def state_directory() -> Path:
    return Path(os.environ.get("CASABRICKS_HOME") or ".casabricks").absolute()


def guard(work: Callable[[], None]) -> None:
    """Run `work` until it ends or a signal comes; print a StackError as a sentence and exit with its code."""
    try:
        with interruptible():
            work()
    except Interrupted:
        say("stopped")
    except StackError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from None


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        up_command()


@app.command("up")
def up_command() -> None:
    """Start everything until Ctrl-C. The first start adds demo listings: 3,000, or LISTINGS."""
    guard(lambda: up(state_directory()))


@app.command("services")
def services_command() -> None:
    """Start only Postgres, OpenSearch and Redis, until Ctrl-C."""
    guard(lambda: serve_stores(state_directory()))


@app.command("cluster")
def cluster_command() -> None:
    """Start the same as `services`, with three nodes of OpenSearch."""
    guard(lambda: serve_stores(state_directory(), nodes=3))


@app.command("reset")
def reset_command(
    *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False
) -> None:
    """Delete all data that `up` keeps; it must not be running."""
    path = state_directory()
    if not path.exists():
        say(f"there is nothing in {path}")
        return
    if yes or typer.confirm(f"Throw away everything in {path}?"):
        guard(lambda: reset(path))


def reset(path: Path) -> None:
    state = StateDirectory(path)
    state.acquire()
    try:
        end_recorded(path / "children.json")
        shutil.rmtree(path)
    finally:
        state.release()
    say(f"{path} is gone")


@app.command("demo")
def demo_command(
    listings: Annotated[int, typer.Option(min=1, help="How many to add.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same listings.")] = SEED,
) -> None:
    """Add demo listings to the database of a running `up`, or to DATABASE_URL."""
    guard(lambda: add_demo(state_directory() / "run.env", listings=listings, seed=seed))


def add_demo(run_env: Path, *, listings: int, seed: int) -> None:
    facts = read_run_env(run_env) | os.environ
    if "DATABASE_URL" not in facts:
        raise StackError("no stack has run here: start `make up` first, or set DATABASE_URL.")
    settings = Settings(
        database_url=facts["DATABASE_URL"], media_url=facts.get("MEDIA_URL") or Settings().media_url
    )
    added = asyncio.run(load(settings, listings=listings, seed=seed))
    say(f"{added:,} listings added")
