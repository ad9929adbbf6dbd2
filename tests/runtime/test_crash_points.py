"""A process ends at the crash point that it was given, and nowhere else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import atexit
from runtime.crash_points import crash_here

atexit.register(print, "farewell", flush=True)
for number in range(4):
    print(number, flush=True)
    crash_here("here")
    crash_here("there")
"""


@pytest.mark.parametrize(
    ("crash_at", "code", "printed"),
    [
        (None, 0, "0 1 2 3 farewell"),
        ("", 0, "0 1 2 3 farewell"),
        ("elsewhere", 0, "0 1 2 3 farewell"),
        ("here", 137, "0"),
        ("there:3", 137, "0 1 2"),
        ("there:5", 0, "0 1 2 3 farewell"),
    ],
)
def test_a_process_ends_at_the_point_that_it_was_started_for(crash_at, code, printed):
    environment = {name: value for name, value in os.environ.items() if name != "CRASH_AT"}
    if crash_at is not None:
        environment["CRASH_AT"] = crash_at
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (code, printed.split(), "")


def test_every_point_is_tried_by_some_test():
    points = set(re.findall(r'crash_here\("([a-z-]+)"\)', text_of("*/**/*.py", but="tests")))
    tried = text_of("tests/**/test_*.py")
    assert len(points) >= 15
    assert {point for point in points if f'"{point}' not in tried} == set()


def text_of(pattern: str, but: str = "") -> str:
    root = Path(__file__).parents[2]
    files = [path for path in root.glob(pattern) if path.relative_to(root).parts[0] not in {but, ".venv"}]
    return "\n".join(path.read_text() for path in files)
