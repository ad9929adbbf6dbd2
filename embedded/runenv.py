"""`run.env`: the settings with which other programs reach a running stack, in shell syntax."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from embedded.state import write_private


def write_run_env(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file atomically; only its owner may read it, because it holds passwords."""
    write_private(path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


def read_run_env(path: Path) -> dict[str, str]:
    """Return the values; empty if no stack has written the file."""
    if not path.exists():
        return {}
    words = shlex.split(path.read_text())
    return {name: value for name, _, value in (word.partition("=") for word in words)}
