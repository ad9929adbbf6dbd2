"""Processes that tests start: their output, their ends, and that none is left over."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.processes import WITH_US, Processes, Program
from tests.waiting import until_now

SLEEP = "import time; time.sleep(600)"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
print(child.pid, flush=True)
{SLEEP}
"""
FAILING = """
import sys
def test_a_child_fails(processes):
    child = processes.start(sys.executable, "-c", "print('my last words')")
    assert child.ends_now() == 3
"""


HANGING = """
import signal, time
from tests import plugin
plugin.GRACE_S = 0.5
def test_no_signal_reaches_it():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(600)
"""


def python(processes: Processes, program: str, *, apart: bool = False) -> Program:
    return processes.start(sys.executable, "-c", program, apart=apart)


async def test_what_was_said_last_of_all_counts(processes: Processes):
    child = python(processes, "print('good bye')")
    assert await child.ends() == 0
    await child.says("good bye")


@pytest.mark.parametrize("waiting", ["says", "until"])
async def test_whoever_waits_for_one_that_ends_fails_at_once_and_says_why(processes: Processes, waiting: str):
    child = python(processes, "raise SystemExit('no more')", apart=True)
    with pytest.raises(AssertionError, match=r"ended with code 1:\s+no more"):
        await (child.says("hello") if waiting == "says" else child.until(lambda: False, "it does"))


def test_waiting_without_a_loop_fails_at_once_too(processes: Processes):
    child = python(processes, "raise SystemExit('no more')")
    with pytest.raises(AssertionError, match=r"ended with code 1:\s+no more"):
        child.says_now("hello")


def test_what_it_complains_of_can_be_had_apart(processes: Processes):
    child = python(processes, "import sys; print('1'); print('2', file=sys.stderr)", apart=True)
    assert (child.ends_now(), child.said, child.complained) == (0, "1\n", "2\n")


def test_those_that_a_killed_one_has_started_end_with_it(processes: Processes):
    child = python(processes, PARENT)
    child.says_now("\n")
    grandchild = psutil.Process(int(child.said))
    child.kill()
    until_now(lambda: has_ended(grandchild), "the grandchild ends")
    assert child.exit_code == -signal.SIGKILL


@pytest.mark.skipif(not WITH_US, reason="setpriv is not here")
def test_it_ends_when_whoever_started_it_is_killed(processes: Processes, tmp_path: Path):
    log = tmp_path / "orphan.log"
    starter = f"""
from pathlib import Path
import sys, time
from tests.processes import launch
orphan = "print('here', flush=True); " + {SLEEP!r}
print(launch(sys.executable, "-c", orphan, log=Path({str(log)!r})).pid, flush=True)
time.sleep(600)
"""
    child = python(processes, starter)
    child.says_now("\n")
    orphan = psutil.Process(int(child.said))
    until_now(lambda: "here" in log.read_text(), "the orphan is bound to whoever started it")
    child.kill()
    until_now(lambda: has_ended(orphan), "the orphan ends")


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def run_tests(directory: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_child.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin", "--rootdir", str(directory), directory]
    return subprocess.run(
        [*command, *options], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )


def test_a_test_that_fails_shows_the_last_words(tmp_path: Path):
    shown = run_tests(tmp_path, FAILING)
    assert "process 0" in shown.stdout
    assert "ended with code 0:\nmy last words" in shown.stdout


def test_a_test_that_no_timeout_ends_is_shown_and_ends_with_its_process(tmp_path: Path):
    shown = run_tests(tmp_path, HANGING, "--timeout", "0.5")
    assert shown.returncode == 1
    assert "Timeout (" in shown.stderr
    assert "in test_no_signal_reaches_it" in shown.stderr
