"""What prevents a start, a reset, and adding listings."""

import os
import socket
from pathlib import Path

import psycopg
import pytest

import migrations
from embedded import up
from embedded.cli import add_demo, reset
from embedded.errors import OtherRelease, PortTaken, StackError, StateLocked
from embedded.state import StateDirectory
from embedded.up import choose_port, enhancer, migrate, whole_number
from tests.embedded.commands import Command
from tests.ports import kept_port

pytestmark = pytest.mark.xdist_group("embedded")


def test_a_port_that_was_asked_for_is_taken_or_refused(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    with kept_port() as port:
        sentence = f"port {port} is taken; set API_PORT to another, or unset it to have one chosen."
        with (
            socket.create_server(("127.0.0.1", port)),
            pytest.raises(PortTaken, match=sentence) as refused,
        ):
            choose_port({"API_PORT": str(port)}, state)
        assert choose_port({"API_PORT": str(port)}, state) == port
    assert refused.value.exit_code == 8


def test_another_port_is_chosen_and_kept_when_the_usual_one_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        usual = server.getsockname()[1]
        monkeypatch.setattr(up, "API_PORT", usual)  # port 8000 may be in use on this machine
        chosen = choose_port({}, StateDirectory(tmp_path))
        assert choose_port({}, StateDirectory(tmp_path)) == chosen
    assert f"port {usual} is taken, so the API gets {chosen}" in capsys.readouterr().out


def test_reset_throws_everything_away(tmp_path: Path) -> None:
    home = tmp_path / "state"
    (home / "postgres").mkdir(parents=True)
    reset(home)
    assert not home.exists()


def test_reset_refuses_while_a_stack_runs(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.acquire()
    with pytest.raises(StateLocked, match=rf"is running in {tmp_path} \(pid {os.getpid()}\)"):
        reset(tmp_path)
    state.release()
    assert tmp_path.exists()


def test_listings_need_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(StackError, match="no stack has run here"):
        add_demo(tmp_path / "run.env", listings=1, seed=1)


def test_a_stand_in_is_the_ai_service_unless_there_is_one(tmp_path: Path) -> None:
    state, facts = StateDirectory(tmp_path), dict[str, str]()
    [program] = enhancer(state, {}, facts)
    port, home = program.arguments
    origin = f"http://127.0.0.1:{port}"
    assert facts == {"ENHANCER_URL": f"{origin}/jobs", "ENHANCER_LOCAL_ORIGIN": origin}
    assert (program.module, Path(home).parent) == ("embedded.enhancer", tmp_path)
    assert enhancer(state, {}, {}) == (program,), "at the same port again"


def test_an_ai_service_that_is_named_is_the_one(tmp_path: Path) -> None:
    facts: dict[str, str] = {}
    given = {"ENHANCER_URL": "https://ai.example/jobs"}
    assert (enhancer(StateDirectory(tmp_path), given, facts), facts) == ((), given)


@pytest.mark.parametrize(
    ("environment", "remedy"),
    [
        ({}, "`make reset` throws all data away, then `make up` starts anew."),
        ({"DATABASE_URL": "postgresql://elsewhere"}, "set DATABASE_URL to another one."),
    ],
    ids=["our own", "given"],
)
def test_data_of_another_release_is_refused_with_a_remedy(
    scratch_url: str, environment: dict[str, str], remedy: str
) -> None:
    of_another_release(scratch_url)
    with pytest.raises(OtherRelease) as refused:
        migrate(scratch_url, environment)
    assert (str(refused.value), refused.value.exit_code) == (
        f"the database is of another release (schema revision 0018): {remedy}",
        11,
    )


def test_up_on_a_database_of_another_release_says_one_sentence(command: Command, scratch_url: str) -> None:
    of_another_release(scratch_url)
    code, _, complained = command.run("up", DATABASE_URL=scratch_url)
    assert (code, complained) == (
        11,
        "the database is of another release (schema revision 0018): set DATABASE_URL to another one.\n",
    )


def of_another_release(database_url: str) -> None:
    migrations.upgrade(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0018'")


def test_a_number_in_the_environment_that_is_none_is_named():
    numbers = [whole_number({"LISTINGS": given}, "LISTINGS", 3000) for given in ("", "20")]
    assert [*numbers, whole_number({}, "LISTINGS", 3000)] == [3000, 20, 3000]
    with pytest.raises(StackError, match="LISTINGS is 'many'; it must be a whole number"):
        whole_number({"LISTINGS": "many"}, "LISTINGS", 3000)
