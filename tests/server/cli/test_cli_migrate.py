"""`casabricks migrate`, the first step of a deployment."""

import psycopg
import pytest
from typer.testing import CliRunner, Result

import migrations
from server.cli import REFUSED, UNREACHABLE, app


def migrate(database_url: str) -> Result:
    return CliRunner().invoke(app, ["migrate"], env={"DATABASE_URL": database_url})


def test_an_empty_database_gets_the_schema_and_a_second_run_changes_nothing(scratch_url: str):
    runs = [migrate(scratch_url) for _ in range(2)]
    assert [(run.exit_code, run.stdout) for run in runs] == 2 * [
        (0, "The database has this release's schema.\n")
    ]


@pytest.mark.parametrize("revision", ["0018", "99"], ids=["unknown", "later"])
def test_a_database_of_another_release_is_refused_in_a_sentence(scratch_url: str, revision: str):
    migrations.upgrade(scratch_url)
    with psycopg.connect(scratch_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [revision])
    run = migrate(scratch_url)
    sentence = (
        f"The database is of a later or an unknown release (schema revision {revision}): run the release"
        " that made it or a later one, or set DATABASE_URL to another database."
    )
    assert (run.exit_code, run.stdout, " ".join(run.stderr.split())) == (REFUSED, "", sentence)


def test_without_a_database_it_says_so():
    run = migrate("postgresql://nobody@127.0.0.1:1/nowhere")
    assert (run.exit_code, run.stderr) == (UNREACHABLE, "Postgres does not answer.\n")
