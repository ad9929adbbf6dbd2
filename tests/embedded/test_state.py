"""The state of a stack: its directory, secrets, ports, and run.env."""

import socket
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.errors import DiskFull
from embedded.runenv import read_run_env, write_run_env
from embedded.servers import ports
from embedded.servers.accounts import open_the_way
from embedded.state import StateDirectory
from tests.ports import kept_port

pytestmark = pytest.mark.xdist_group("embedded")

NAMES = st.from_regex(r"[A-Z][A-Z_]{0,9}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(NAMES, VALUES))
def test_run_env_says_what_was_written(tmp_path: Path, values: dict[str, str]) -> None:
    path = tmp_path / "run.env"
    write_run_env(path, values)
    assert read_run_env(path) == values


def test_run_env_can_be_sourced_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "run.env"
    write_run_env(path, {"ADMIN_PASSWORD": "it's $HOME & more"})
    script = f'set -a; . {path}; printf %s "$ADMIN_PASSWORD"'
    assert subprocess.check_output(["sh", "-c", script], text=True) == "it's $HOME & more"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_run_env_has_no_values(tmp_path: Path) -> None:
    assert read_run_env(tmp_path / "run.env") == {}


def test_too_little_room_is_a_sentence(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    with pytest.raises(DiskFull, match=r"has \d+ MB free and the servers need 1099511627776 MB") as refused:
        state.require_room(1 << 60)
    assert refused.value.exit_code == 4


def test_a_secret_stays_the_same(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path).secret("admin")
    assert StateDirectory(tmp_path).secret("admin") == first
    assert len(first) >= 24


def test_a_remembered_port_is_given_again_while_it_is_free(tmp_path: Path) -> None:
    kept = tmp_path / "port"
    assert ports.remembered(kept) is None
    with kept_port() as port:
        ports.remember(kept, port)
        assert ports.remembered(kept) == port
        with socket.create_server(("127.0.0.1", port)):
            assert ports.remembered(kept) is None


def test_a_run_of_ports_is_free_as_a_whole() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert ports.free_run(range(taken - 2, taken + 2), 2) in (taken - 2, taken + 1)


def test_a_way_is_opened_for_passing_not_for_looking(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    open_the_way(closed / "data")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
