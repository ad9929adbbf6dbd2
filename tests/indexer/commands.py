"""Runs the `indexer` command in this process, as a script would call it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from indexer.cli import app


@dataclass(frozen=True)
class Answered:
    code: int
    facts: dict[str, Any]


Command = Callable[..., Answered]


def command(environment: dict[str, str]) -> Command:
    def run(*arguments: str, **changes: str) -> Answered:
        result = CliRunner().invoke(app, [*arguments, "--json"], env=environment | changes)
        assert result.stdout, result.stderr
        return Answered(result.exit_code, json.loads(result.stdout))

    return run


async def quietly(done: int, total: int) -> None:
    """Progress callback that only checks what it is told."""
    assert 0 <= done <= total
