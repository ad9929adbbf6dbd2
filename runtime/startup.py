"""First step of every command: read the settings, or print why the command cannot start."""

import sys

from pydantic import ValidationError

from schemas.settings import Settings

USAGE = 2
"""Exit code for invalid settings."""


def read_settings() -> Settings:
    """Read the settings from the environment; exit if some are invalid, printing their names, not values."""
    try:
        return Settings()
    except ValidationError as error:
        for wrong in error.errors(include_input=False, include_url=False):
            name = ".".join(str(part).upper() for part in wrong["loc"])
            print(f"{name}: {wrong['msg']}" if name else wrong["msg"], file=sys.stderr)  # noqa: T201
        raise SystemExit(USAGE) from None
