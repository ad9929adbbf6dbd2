"""Stacks of a test's own, beside the servers that the suite runs on."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.commands import Command
from tests.processes import Processes


@pytest.fixture
def home() -> Iterator[Path]:
    """A state directory for real servers.

    Not below `tmp_path`: each pytest on the machine closes the directory above it again, and Postgres
    runs as another user when we are root.
    """
    with tempfile.TemporaryDirectory(prefix="casabricks-test-") as directory:
        yield Path(directory)


@pytest.fixture
def command(home: Path, processes: Processes) -> Iterator[Command]:
    made = Command(home, processes)
    yield made
    made.close()
