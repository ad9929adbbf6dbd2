"""What every command does first: it reads its settings, or says in a sentence why it cannot start."""

import sys

from pydantic import ValidationError

from schemas.settings import Settings

USAGE = 2
"""The exit code."""


def read_settings() -> Settings:
    """The settings of the environment; ends the process when they cannot work, naming each and no value."""
    try:
        return Settings()
    except ValidationError as error:
        for wrong in error.errors(include_input=False, include_url=False):
            name = ".".join(str(part).upper() for part in wrong["loc"])
            print(f"{name}: {wrong['msg']}" if name else wrong["msg"], file=sys.stderr)  # noqa: T201
        raise SystemExit(USAGE) from None
