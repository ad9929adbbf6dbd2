"""Pytest fixtures and hooks for tests that start processes or never end."""

import faulthandler
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pytest_timeout import Settings

from tests.processes import STARTED, Processes

GRACE_S = 60.0
"""Seconds between a test's timeout and the end of a process that the timeout did not reach."""
STDERR = pytest.StashKey[int]()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts programs; kills those that still run at the end of the test."""
    processes = Processes(tmp_path)
    yield processes
    processes.kill_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    STARTED.clear()
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, because during tests it is captured."""
    config.stash[STDERR] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[STDERR])


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> Generator[None, object, object]:
    """End the process and show every thread if a test outlives its timeout, which is a signal.

    It must not happen earlier: to show the threads of a process that is at work can crash it
    (https://github.com/python/cpython/issues/116008).
    """
    faulthandler.dump_traceback_later(settings.timeout + GRACE_S, exit=True, file=item.config.stash[STDERR])
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_timeout_cancel_timer() -> Generator[None, object, object]:
    faulthandler.cancel_dump_traceback_later()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last output of the processes that a failed test started to its report."""
    report = yield
    if report.failed:
        report.sections += [
            (f"process {number}", process.last_words) for number, process in enumerate(STARTED)
        ]
    return report
