"""`indexer dead-letters`: documents that the engine or the renderer refused."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from indexer.letters import Letter, discard, read_letters, retry
from indexer.lifecycle.generations import Refused
from indexer.terminal import DRIFT, OK, DryRun, Json, Outcome, Stores, execute, stores
from runtime.startup import read_settings
from schemas.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Documents that the index refused: list, explain, retry or discard them."
)

Ids = Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Ids of properties.")]
All = Annotated[bool, typer.Option("--all", help="All dead letters, instead of ids.")]


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, help="How many to show at most.")] = 100, as_json: Json = False
) -> None:
    """List refused documents, newest first; exit code 1 means that there are some."""
    execute(_list(read_settings(), limit), as_json=as_json)


async def _list(settings: Settings, limit: int) -> Outcome:
    async with stores(settings) as to:
        letters = await read_letters(to.engine, limit=limit)
    return Outcome(
        {"letters": [letter.to_json() for letter in letters]},
        [_line(letter) for letter in letters] or ["There are no dead letters."],
        DRIFT if letters else OK,
    )


@app.command("show")
def show_command(
    property_id: Annotated[UUID, typer.Argument(help="The id of a property.")], as_json: Json = False
) -> None:
    """Show why the current version of one property is not in the index."""
    execute(_show(read_settings(), property_id), as_json=as_json)


async def _show(settings: Settings, property_id: UUID) -> Outcome:
    async with stores(settings) as to:
        (letter,) = await _chosen(to, [property_id])
    facts = letter.to_json()
    return Outcome(facts, [f"{name}: {value}" for name, value in facts.items()])


@app.command("retry")
def retry_command(ids: Ids = None, all_: All = False, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Index refused documents again; exit code 1 means that some were refused again."""
    execute(_retry(read_settings(), _ids_or_all(ids, all_=all_), dry_run=dry_run), as_json=as_json)


async def _retry(settings: Settings, ids: Sequence[UUID] | None, *, dry_run: bool) -> Outcome:
    async with stores(settings) as to:
        letters = await _chosen(to, ids)
        if dry_run:
            return _outcome("would be tried again", letters, dry_run=True)
        left = await retry(to.engine, to.search, to.alias, letters, epoch=to.epoch)
    still = {letter.property_id for letter in left}
    tried = [letter.property_id for letter in letters]
    sentences = [f"{each} {'is refused again' if each in still else 'is settled'}" for each in tried]
    return Outcome(
        {"retried": tried, "left": [letter.to_json() for letter in left]},
        sentences or ["There are no dead letters."],
        DRIFT if left else OK,
    )


@app.command("discard")
def discard_command(
    ids: Ids = None, all_: All = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Delete dead letters without another attempt."""
    execute(_discard(read_settings(), _ids_or_all(ids, all_=all_), dry_run=dry_run), as_json=as_json)


async def _discard(settings: Settings, ids: Sequence[UUID] | None, *, dry_run: bool) -> Outcome:
    async with stores(settings) as to:
        letters = await _chosen(to, ids)
        if not dry_run:
            await discard(to.engine, letters)
    return _outcome("would be discarded" if dry_run else "is discarded", letters, dry_run=dry_run)


def _outcome(what: str, letters: Sequence[Letter], *, dry_run: bool) -> Outcome:
    ids = [letter.property_id for letter in letters]
    sentences = [f"{property_id} {what}" for property_id in ids]
    return Outcome({"letters": ids, "dry_run": dry_run}, sentences or ["There are no dead letters."])


def _ids_or_all(ids: Sequence[UUID] | None, *, all_: bool) -> Sequence[UUID] | None:
    if bool(ids) == all_:
        raise typer.BadParameter("Name some ids, or say --all.")
    return None if all_ else ids


async def _chosen(to: Stores, ids: Sequence[UUID] | None) -> list[Letter]:
    """Return the letters of these properties, or all letters if `ids` is None.

    Raises:
        Refused: one of the properties has no dead letter.
    """
    letters = await read_letters(to.engine, ids)
    unknown = {*(ids or ())} - {letter.property_id for letter in letters}
    if unknown:
        raise Refused(f"There is no dead letter of {', '.join(map(str, sorted(unknown)))}.")
    return letters


def _line(letter: Letter) -> str:
    since = letter.failed_at.isoformat(timespec="seconds")
    return (
        f"{letter.property_id} revision {letter.revision}, attempts {letter.attempts}, {since}:"
        f" {letter.error_type}: {letter.reason[:100]}"
    )
