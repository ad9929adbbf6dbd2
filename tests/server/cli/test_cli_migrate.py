"""`casabricks migrate`, the first step of a deployment."""

import pytest
from psycopg import sql
from typer.testing import CliRunner

from server.cli import UNREACHABLE, app
from tests.conftest import administer, database_name, url_of


def test_an_empty_database_gets_the_schema_and_a_second_run_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    name = database_name("migrated")
    administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    monkeypatch.setenv("DATABASE_URL", url_of(name))
    runs = [CliRunner().invoke(app, ["migrate"]) for _ in range(2)]
    monkeypatch.undo()
    administer(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    assert [(run.exit_code, run.stdout) for run in runs] == 2 * [
        (0, "The database has this release's schema.\n")
    ]


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    run = CliRunner().invoke(app, ["migrate"])
    assert (run.exit_code, run.stderr) == (UNREACHABLE, "Postgres does not answer.\n")
