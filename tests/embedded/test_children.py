"""Child processes: own ones are stopped, foreign ones left alone, and those that end early restarted."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread

import pytest

from embedded.errors import ServerFailed
from embedded.servers.children import Children, Record, end_recorded
from embedded.state import StateDirectory
from embedded.supervisor import Program, Supervisor, answers
from tests.waiting import PATIENCE_S, until_now

pytestmark = pytest.mark.xdist_group("embedded")

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
STUBBORN = [sys.executable, "-c", DEAF]


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    opened = Children(tmp_path / "children.json")
    opened.open()
    yield opened
    opened.close()


def test_a_child_has_a_session_of_its_own(children: Children, tmp_path: Path) -> None:
    child = children.start("sleeper", SLEEPER, tmp_path / "log")
    assert os.getsid(child.record.pid) == child.record.pid


def test_a_child_forgotten_in_one_thread_is_not_brought_back_by_another(
    children: Children, tmp_path: Path
) -> None:
    first, second = (children.start(name, SLEEPER, tmp_path / name) for name in ("first", "second"))
    other = Thread(target=children.forget, args=(second,))

    class Slow:
        """Takes its time to be compared; meanwhile the other thread forgets the second child."""

        __hash__ = None

        def __eq__(self, compared: object) -> bool:
            if other.ident is None:
                other.start()
                other.join(0.5)
            return False

    children.forget(Slow())
    other.join()
    assert children.running() == (first,)
    second.process.kill()
    second.process.wait()


def test_what_does_not_stop_is_killed(children: Children, tmp_path: Path) -> None:
    child = children.start("stubborn", STUBBORN, tmp_path / "log")
    until_now(lambda: (tmp_path / "log").read_text() == "deaf\n", "it is deaf")
    children.stop([child], patience_s=0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_a_process_that_only_has_the_number_of_ours_is_left_alone(children: Children, tmp_path: Path) -> None:
    child = children.start("sleeper", SLEEPER, tmp_path / "log")
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps([asdict(replace(child.record, created=child.record.created - 3600))]))
    assert end_recorded(earlier) == []
    assert not child.has_ended()


def test_what_an_earlier_stack_left_is_ended_even_if_it_is_deaf(children: Children, tmp_path: Path) -> None:
    child = children.start("stubborn", STUBBORN, tmp_path / "log")
    until_now(lambda: (tmp_path / "log").read_text() == "deaf\n", "it is deaf")
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps([asdict(child.record)]))
    assert end_recorded(earlier, patience_s=0.2) == ["stubborn"]
    assert child.process.wait(PATIENCE_S) == -signal.SIGKILL


def test_a_process_that_is_gone_is_not_found() -> None:
    assert Record("gone", 2**22 + 1, 0.0, signal.SIGTERM).find() is None


def test_a_log_that_has_grown_too_long_starts_anew(children: Children, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(bytes(11 << 20))
    children.start("writer", [sys.executable, "-c", "print('hello')"], log).process.wait()
    assert log.read_text() == "hello\n"


def test_a_command_that_fails_is_a_sentence(children: Children, tmp_path: Path) -> None:
    supervisor = Supervisor(StateDirectory(tmp_path), children, os.environ, print)
    with pytest.raises(ServerFailed, match=r"broken ended with code 1; its log is .*broken.log"):
        supervisor.run(Program("broken", "no_such_module"))


def test_a_program_that_ends_before_it_is_ready_is_a_sentence(children: Children, tmp_path: Path) -> None:
    programs = (Program("broken", "no_such_module"),)
    supervisor = Supervisor(StateDirectory(tmp_path), children, os.environ, print, programs)
    supervisor.start()
    with pytest.raises(ServerFailed, match="broken ended with code 1"):
        supervisor.wait_ready(1)


def test_a_program_that_ends_is_started_again_later_each_time(children: Children, tmp_path: Path) -> None:
    said: list[str] = []
    programs = (Program("broken", "no_such_module"),)
    supervisor = Supervisor(StateDirectory(tmp_path), children, os.environ, said.append, programs)
    supervisor.start()

    def fell_twice() -> bool:
        supervisor.tend()
        return len(said) == 2

    until_now(fell_twice, lambda: said)
    supervisor.stop()
    log = tmp_path / "logs" / "broken.log"
    assert said == [
        f"broken ended with code 1; starting it again in {seconds} s (its log is {log})" for seconds in (1, 2)
    ]


def test_nobody_answers_at_a_closed_port() -> None:
    assert not answers(1, "/")
