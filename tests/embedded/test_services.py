"""The three servers start beside others, keep their data, and leave no process behind."""

import http.client
import json
import os
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from embedded.errors import ServerFailed, StateLocked, Unreachable
from embedded.servers.children import Record, recorded
from embedded.services import Services
from tests.embedded.commands import Command
from tests.processes import Processes
from tests.waiting import PATIENCE_S, until_now

pytestmark = pytest.mark.xdist_group("embedded")


def others() -> dict[str, str]:
    """Environment with the suite's OpenSearch, so that a test need not start its own."""
    return {"OPENSEARCH_URL": os.environ["OPENSEARCH_URL"]}


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def ask(url: str, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, object]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer: dict[str, object] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_data_outlives_a_stop_and_a_start(home: Path) -> None:
    with Services(home, durable=False, heap="256m", environment={}) as services:
        query(services.database_url, "CREATE TABLE homes AS SELECT 'villa' AS title")
        ask(services.opensearch_url, "PUT", "/homes")
        ask(services.opensearch_url, "PUT", "/homes/_doc/1", {"title": "villa"})
        first = (services.database_url, services.opensearch_url, services.redis_url)
    with Services(home, durable=False, heap="256m", environment={}) as services:
        again = (services.database_url, services.opensearch_url, services.redis_url)
        rows = query(services.database_url, "SELECT title FROM homes")
        document = ask(services.opensearch_url, "GET", "/homes/_doc/1")["_source"]
        refused = ask(services.opensearch_url, "PUT", "/misspelt/_doc/1", {"title": "villa"})
    assert again == first
    assert (rows, document) == ([("villa",)], {"title": "villa"})
    assert refused["status"] == 404
    assert recorded(home / "children.json") == []


def test_servers_listen_on_loopback_alone(home: Path) -> None:
    with Services(home, environment=others()) as services:
        pids = [child.record.pid for child in services.children.running()]
        listening = {
            connection.laddr.ip
            for pid in pids
            for connection in psutil.Process(pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
    assert listening == {"127.0.0.1"}


def test_passwords_are_generated_kept_and_private(home: Path) -> None:
    with Services(home, environment=others()) as services:
        open_url = services.redis_url.replace(services.state.secret("redis"), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(services.database_url.replace(services.state.secret("postgres"), "guess"))
        with Redis.from_url(open_url) as client, pytest.raises(Exception, match="invalid username-password"):
            client.ping()
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (home / "secrets").iterdir()}
    assert modes == {"postgres": "0o600", "redis": "0o600"}


def test_a_second_stack_in_the_same_directory_is_refused(home: Path, command: Command) -> None:
    with Services(home, environment=others()):
        with pytest.raises(StateLocked), Services(home, environment=others()):
            pass
        refused = command.run("services")
    sentence = (
        f"another `make up` is running in {home} (pid {os.getpid()}); stop it first,"
        " or set CASABRICKS_HOME to another directory.\n"
    )
    assert refused == (3, "", sentence)


SUPERVISOR = """
import sys, time
from pathlib import Path
from embedded.services import Services
with Services(Path(sys.argv[1])) as services:
    print(services.database_url, services.redis_url, flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["watchdog", "next start"])
def killed(
    request: pytest.FixtureRequest, home: Path, processes: Processes
) -> tuple[Path, list[Record], str]:
    """A stack whose supervisor was killed while it held data; for one parameter its watchdog as well."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    supervisor = processes.start(sys.executable, "-c", SUPERVISOR, home, environment=environment, apart=True)
    supervisor.says_now("\n")
    database_url, redis_url = supervisor.said.split()
    query(database_url, "CREATE TABLE homes AS SELECT 'villa' AS title")
    with Redis.from_url(redis_url) as client:
        client.set("home", "villa")
    servers = recorded(home / "children.json")
    if request.param == "next start":
        watchdog(supervisor.pid).kill()
    supervisor.kill()
    return home, servers, request.param


def watchdog(supervisor: int) -> psutil.Process:
    children = psutil.Process(supervisor).children()
    return next(child for child in children if "embedded.servers.watchdog" in child.cmdline())


def test_a_killed_stack_leaves_no_servers_and_loses_no_data(
    killed: tuple[Path, list[Record], str],
) -> None:
    home, servers, ended_by = killed
    if ended_by == "watchdog":
        until_now(lambda: all(server.find() is None for server in servers), "the watchdog ends them")
    with Services(home, environment=others()) as services:
        assert all(server.find() is None for server in servers)
        assert query(services.database_url, "SELECT title FROM homes") == [("villa",)]
        with Redis.from_url(services.redis_url) as client:
            assert client.get("home") == b"villa"


def test_a_postmaster_that_nobody_wrote_down_is_found_by_its_data(home: Path) -> None:
    with Services(home, environment=others()) as services:
        query(services.database_url, "CREATE TABLE homes AS SELECT 'villa' AS title")
        (postgres,) = [child for child in services.children.running() if child.name == "Postgres"]
        # Simulate a kill between the start of the server and its entry in the list.
        services.children.forget(postgres)
    assert postgres.record.find() is not None
    with Services(home, environment=others()) as services:
        assert query(services.database_url, "SELECT title FROM homes") == [("villa",)]
    assert postgres.process.wait(PATIENCE_S) == 0


def test_servers_that_the_environment_names_are_used(home: Path) -> None:
    given = {name: os.environ[name] for name in ("DATABASE_URL", "OPENSEARCH_URL", "REDIS_URL")}
    with Services(home, environment=given) as services:
        urls = (services.database_url, services.opensearch_url, services.redis_url)
        started = services.children.running()
    assert (urls, started) == (tuple(given.values()), ())


def test_a_server_that_the_environment_names_and_that_is_away_is_a_sentence(home: Path) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "OPENSEARCH_URL": os.environ["OPENSEARCH_URL"]}
    with pytest.raises(Unreachable, match=r"REDIS_URL names 127\.0\.0\.1:1, which does not answer"):
        Services(home, environment=away).__enter__()
    assert recorded(home / "children.json") == []


def test_a_server_that_ends_by_itself_is_noticed(home: Path) -> None:
    with Services(home, environment=others()) as services:
        services.require_running()
        (redis,) = [child for child in services.children.running() if child.name == "Redis"]
        redis.process.kill()
        redis.process.wait()
        with pytest.raises(ServerFailed, match=r"Redis ended with code -9; its log is .*redis.log"):
            services.require_running()
