"""The `casabricks` command: serve the API, print its contract, import listings.

Exit codes: 0 done, 2 invalid input or settings, 3 the database is of another release, 4 a store is
unreachable or busy.
"""

import asyncio
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Annotated, NoReturn

import structlog
import typer
from prometheus_client.multiprocess import mark_process_dead
from pydantic import SecretStr, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sanic import Sanic
from sanic.exceptions import ServerKilled
from sanic.mixins import startup
from sanic.worker.constants import ProcessState
from sanic.worker.manager import WorkerManager
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

import migrations
from domain.security.passwords import draw_password, hash_password, weakness
from domain.security.tokens import signing_keys
from domain.security.webhooks import secret_key
from runtime.garbage import collect_seldom
from runtime.logs import configure_logs
from runtime.metrics_server import metrics_served
from runtime.startup import read_settings
from schemas.api.admin.users import UserCreate
from schemas.errors import CasaError, DatabaseUnavailable, InvalidRequest
from schemas.settings import Settings
from schemas.vocabulary import Role
from server.app import create_app
from server.context import CasaApp
from server.http.protocol import DeadlineProtocol
from server.openapi.document import document, serialized
from server.telemetry.metrics import share_between_workers
from server.telemetry.observability import missing_package, observing
from services.audit import Actor
from services.leads.privacy import Purged
from services.users import create_user
from stores.database import opened_database
from stores.results import allowed_origins
from tasks.imports.job import is_lock_error, run_import
from tasks.imports.mapping import Mapping, load_mapping, shipped_maps
from tasks.imports.reader import count_lines
from tasks.imports.report import Report, render
from tasks.market import compare_prices
from tasks.metrics import Metrics
from tasks.retention import erase_expired
from tasks.scheduling.queue import Queue
from tasks.scores import score_waiting

COLLECTED_AFTER = 20_000
"""New objects after which a worker looks for garbage. With Python's default, looking takes a twentieth
of a search's time, because each answer makes hundreds."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
USAGE, REFUSED, UNREACHABLE = 2, 3, 4

log = structlog.get_logger(component="server")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "The API of CasaBricks, its worker, and commands for operators. Settings come from the environment"
        " (.env.example lists them), or from a `make up` that was started in this directory."
    ),
)
errors = Console(stderr=True)


class RestartingManager(WorkerManager):
    """Sanic's worker manager with three defects corrected.

    Sanic never replaces a worker that was killed, and waits forever for workers stopped while they start. Its
    signal handler stops the workers itself, using the state that processes share, although the signal may
    have interrupted another use of it. Then answers go to the wrong callers.
    """

    _was_told_to_stop = False

    def shutdown_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Let the main loop stop the workers; a second signal kills them."""
        if self._was_told_to_stop:
            with suppress(ServerKilled):
                self.kill()  # type: ignore[no-untyped-call]
            return
        self._was_told_to_stop = True
        self.monitor_publisher.send("__TERMINATE__")

    def _all_workers_ack(self) -> bool:
        return self._was_told_to_stop or bool(super()._all_workers_ack())  # type: ignore[no-untyped-call]

    def _sync_states(self) -> None:
        super()._sync_states()  # type: ignore[no-untyped-call]
        for process in self.transient_processes:
            if process.state is ProcessState.FAILED and not self._was_told_to_stop:
                log.error("worker_ended", exit_code=process.exitcode)
                mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
                process.restart()


@app.command()
def serve() -> None:
    """Serve the API at API_HOST and API_PORT, until told to stop."""
    settings = with_token_secret(read_settings())
    check_enhancer(settings)
    require_extra(settings)
    startup.WorkerManager = RestartingManager  # type: ignore[attr-defined]  # Sanic offers no other way
    with TemporaryDirectory(prefix="casabricks-metrics-") as directory:
        share_between_workers(Path(directory))
        run_workers(settings)


def run_workers(settings: Settings) -> None:
    """Serve with forked workers: they start at once and share the memory of imported modules."""
    Sanic.start_method = "fork"
    os.register_at_fork(after_in_child=reset_signal_handlers)
    configure_logs(settings.log_level, json=settings.log_json)
    application = create_app(settings)
    application.prepare(
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        access_log=False,
        motd=False,
        protocol=DeadlineProtocol,
    )
    application.register_listener(hold_signals, "after_server_start")
    collect_seldom(after=COLLECTED_AFTER)
    Sanic.serve(primary=application)


def reset_signal_handlers() -> None:
    """Reset inherited signal handlers; a worker stopped while starting must not act as the manager."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


async def hold_signals(_app: CasaApp) -> None:
    """Hold signals back until the event loop runs for good, because uvloop misses one between two runs."""
    release = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, STOP_SIGNALS)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    asyncio.get_running_loop().call_later(0.05, release)


@app.command("openapi")
def openapi_command() -> None:
    """Print the contract of the API: an OpenAPI 3.1 document."""
    # No store is connected and the document contains no secret, so a random secret is enough.
    application = create_app(Settings(jwt_secret=SecretStr(token_hex(32))), "casabricks-openapi")
    typer.echo(serialized(document(application)), nl=False)


def with_token_secret(settings: Settings) -> Settings:
    """Return settings with a token secret that all workers share.

    If none is configured, a random one is drawn, and tokens end with the process.
    """
    if not settings.token_secrets:
        return settings.model_copy(update={"jwt_secret": SecretStr(token_hex(32))})
    try:
        signing_keys(*settings.token_secrets)
    except ValueError as weak:
        exit_with_error(USAGE, f"JWT_SECRET: {weak}.")
    return settings


def check_enhancer(settings: Settings) -> None:
    """Check the AI service's settings at startup, so that they do not fail at the first picture."""
    try:
        for secret in settings.webhook_secrets:
            secret_key(secret)
    except ValueError as weak:
        exit_with_error(USAGE, f"WEBHOOK_SECRET: {weak}.")
    try:
        allowed_origins(settings)
    except ValueError as wrong:
        exit_with_error(USAGE, f"ENHANCER_RESULT_HOSTS or ENHANCER_LOCAL_ORIGIN: {wrong}.")


def require_extra(settings: Settings) -> None:
    why = missing_package(settings)
    if why is not None:
        exit_with_error(USAGE, why)


@app.command()
def worker(
    *,
    schedule: Annotated[
        bool,
        typer.Option(
            help="Start scheduled jobs that are due. One worker that does is enough; several do no harm."
        ),
    ] = True,
) -> None:
    """Run scheduled jobs and queued work, until told to stop. Any number of workers may run."""
    settings = read_settings()
    check_enhancer(settings)
    require_extra(settings)
    configure_logs(settings.log_level, json=settings.log_json)
    queue, metrics = Queue(settings), Metrics()
    queue.count_in(metrics)
    served = metrics_served(metrics.registry, settings.worker_metrics_host, settings.worker_metrics_port)
    with observing(settings, "worker"), served:
        queue.consumer(schedules=schedule).run()
        queue.flush_before_exit()


@app.command()
def migrate() -> None:
    """Migrate the database to this release's schema. Safe to run again."""
    try:
        migrations.upgrade(Settings().database_url)
    except migrations.UnknownRevision as unknown:
        exit_with_error(
            REFUSED,
            f"The database is of a later or an unknown release (schema revision {unknown}):"
            " run the release that made it or a later one, or set DATABASE_URL to another database.",
        )
    except (OperationalError, InterfaceError):
        exit_with_error(UNREACHABLE, "Postgres does not answer.")
    typer.echo("The database has this release's schema.")


@app.command("create-admin")
def create_admin_command(
    email: Annotated[
        str, typer.Option(prompt="Email address", help="The address that the person signs in with.")
    ],
    name: Annotated[str, typer.Option(prompt="Full name", help="The person's full name.")],
    role: Annotated[
        Role, typer.Option(help="A super_admin also manages accounts and reads the audit.")
    ] = Role.SUPER_ADMIN,
    generate: Annotated[
        bool, typer.Option("--generate", help="Generate a password and print it, once.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Create an account of an admin. Asks for what is not given, the password too."""
    password = draw_password() if generate else read_password(from_stdin=password_stdin)
    try:
        wanted = UserCreate(email=email, full_name=name, role=role, password=password)
        asyncio.run(create_admin(read_settings(), wanted, password))
    except ValidationError as error:
        exit_with_error(USAGE, "; ".join(f"{wrong['loc'][0]} {wrong['msg']}" for wrong in error.errors()))
    except CasaError as error:
        exit_with_error(USAGE, error.detail)
    except (OperationalError, InterfaceError):
        exit_with_error(UNREACHABLE, "Postgres does not answer.")
    typer.echo(f"{wanted.email} may sign in as {wanted.role}.")
    if generate:
        typer.echo(f"one-time password: {password}")


def read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return typer.get_text_stream("stdin").readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


async def create_admin(settings: Settings, wanted: UserCreate, password: str) -> None:
    """Create the account.

    Raises:
        InvalidRequest: the password is weak.
        Conflict: the email address has an account already.
    """
    why = weakness(password, wanted.email)
    if why is not None:
        raise InvalidRequest(f"The password {why}.")
    hashed = hash_password(password, settings.password_cost)
    async with opened_database(settings) as engine, AsyncSession(engine) as session, session.begin():
        await create_user(session, Actor(None, "casabricks create-admin"), wanted, hashed)


def exit_with_error(code: int, sentence: str) -> NoReturn:
    errors.print(sentence, style="red", highlight=False)
    raise typer.Exit(code)


@app.command("purge")
def purge_command() -> None:
    """Erase leads, addresses and idempotency keys past their retention now. A worker does it nightly."""
    try:
        purged = asyncio.run(purge_all(read_settings()))
    except (OperationalError, InterfaceError):
        exit_with_error(UNREACHABLE, "Postgres does not answer.")
    typer.echo(f"{purged.leads} leads, {purged.addresses} addresses, {purged.keys} idempotency keys erased")


async def purge_all(settings: Settings) -> Purged:
    async with opened_database(settings) as engine:
        return await erase_expired(engine, settings)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV or JSON lines file.")],
    map_name: Annotated[
        str,
        typer.Option(
            "--map", help=f"Which column is what: {', '.join(shipped_maps())}, or a TOML or JSON file."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, but write nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write every finding to this file, as JSON.")] = None,
) -> None:
    """Import listings from another system's file. The report accounts for every row."""
    settings = read_settings()
    try:
        found = asyncio.run(import_file(settings, file, load_mapping(map_name), dry_run=dry_run))
    except CasaError as error:
        exit_with_error(UNREACHABLE if isinstance(error, DatabaseUnavailable) else USAGE, error.detail)
    Console().print(render(found))
    if report is not None:
        write_report(found, report)
    if not dry_run:
        follow_up(settings)


def write_report(found: Report, path: Path) -> None:
    try:
        found.write(path)
    except OSError as error:
        exit_with_error(USAGE, f"{path} cannot be written: {error.strerror}.")


def follow_up(settings: Settings) -> None:
    """Score and label the new homes; if this fails, the rows are still imported."""
    try:
        asyncio.run(score_and_compare(settings))
    except (SQLAlchemyError, OSError) as error:
        why = "somebody else holds rows of it" if is_lock_error(error) else "Postgres does not answer"
        sentence = f"All rows are in, but not yet compared with their market: {why}. A worker will do it."
        exit_with_error(UNREACHABLE, sentence)


async def score_and_compare(settings: Settings) -> None:
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        await score_waiting(engine)
        await compare_prices(engine)


async def import_file(settings: Settings, file: Path, mapping: Mapping, *, dry_run: bool) -> Report:
    # A million rows take long.
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        with progress_bar() as bar:
            task = bar.add_task(file.name, total=None)
            bar.update(task, total=count_lines(file))
            return await run_import(
                engine, file, mapping, dry_run=dry_run, progress=lambda rows: bar.advance(task, rows)
            )


def progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )


if __name__ == "__main__":
    app()
