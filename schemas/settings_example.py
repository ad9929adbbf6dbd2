"""Generates `.env.example` from the settings: `python -m schemas.settings_example > .env.example`."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator

from pydantic import SecretStr

from schemas import settings
from schemas.settings import Settings

HEAD = """
Every setting with its default, for `cp .env.example .env`. docker-compose.yml reads that file; elsewhere,
settings come from the environment alone. Written by `python -m schemas.settings_example`.
"""
COMPOSE = {
    "POSTGRES_PASSWORD": "Of the database that docker-compose.yml runs.",
    "REDIS_PASSWORD": "Of its Redis.",
    "GRAFANA_PASSWORD": "Of `admin` in its Grafana, at http://localhost:3000.",
    "API_ADDRESS": "Where on this machine its API is reached; without one, at 127.0.0.1:8000.",
}
"""Variables that docker-compose.yml needs in addition to the settings."""
WIDTH = 110


def example() -> str:
    parts = [*_comment(HEAD), *_section("For docker-compose.yml alone")]
    for name, text in COMPOSE.items():
        parts += [*_comment(text), f"#{name}="]
    parts += _settings()
    return "\n".join(parts) + "\n"


def _settings() -> Iterator[str]:
    """Yield the fields in source order; comments become sections, docstrings become comments."""
    source = inspect.getsource(settings).splitlines()
    [holder] = [node for node in ast.parse("\n".join(source)).body if isinstance(node, ast.ClassDef)]
    for node, after in zip(holder.body, [*holder.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign):
            continue
        above = source[node.lineno - 2].strip()
        if above.startswith("# "):
            yield from _section(above.removeprefix("# "))
        assert isinstance(node.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield from _comment(str(after.value.value))
        yield f"#{node.target.id.upper()}={_default(node.target.id)}"


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _section(title: str) -> list[str]:
    return ["", f"## {title}"]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ")


if __name__ == "__main__":
    sys.stdout.write(example())
