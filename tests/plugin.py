"""Pytest fixtures and hooks for tests that start processes."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.processes import STARTED, Processes


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last output of the processes that a failed test started to its report."""
    report = yield
    if report.failed:
        report.sections += [
            (f"process {number}", process.last_words) for number, process in enumerate(STARTED)
        ]
    return report
