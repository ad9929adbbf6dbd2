"""`run.env`: how other programs reach a running stack, as lines that a shell can source."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from embedded.state import write_private


def write_run_env(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file at once; it holds passwords, so only its owner may read it."""
    write_private(path, "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


def read_run_env(path: Path) -> dict[str, str]:
    """Its values; none if no stack has written it."""
    if not path.exists():
        return {}
    words = shlex.split(path.read_text())
    return {name: value for name, _, value in (word.partition("=") for word in words)}
