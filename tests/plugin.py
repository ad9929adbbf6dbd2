"""What pytest does for tests that start processes."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.processes import STARTED, Processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts programs; what still runs at the end of the test is killed."""
    processes = Processes(tmp_path)
    yield processes
    processes.kill_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    STARTED.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last words of what a test that failed has started."""
    report = yield
    if report.failed:
        report.sections += [
            (f"process {number}", process.last_words) for number, process in enumerate(STARTED)
        ]
    return report
