"""Stacks for single tests, separate from the servers of the suite."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.commands import Command
from tests.processes import Processes


@pytest.fixture
def home() -> Iterator[Path]:
    """A state directory for real servers.

    It is not below `tmp_path`, because each pytest on the machine makes the parent directory private, and
    Postgres runs as another user if the test runs as root.
    """
    with tempfile.TemporaryDirectory(prefix="casabricks-test-") as directory:
        yield Path(directory)


@pytest.fixture
def command(home: Path, processes: Processes) -> Iterator[Command]:
    made = Command(home, processes)
    yield made
    made.close()
