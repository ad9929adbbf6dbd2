"""The migrations build the schema of the models, work in both directions, and add the sectors."""

import os
import subprocess
import sys

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import migrations
from schemas.sectors import SECTORS, SectorFact
from schemas.tables import Base
from schemas.urls import sqlalchemy_url

Definitions = set[tuple[str, ...]]

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
           concat(a.attidentity, a.attgenerated), coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
TRIGGERS = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
FUNCTIONS = """
    SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
TABLES = (COLUMNS, CONSTRAINTS, INDEXES)
SEQUENCES = (
    "SELECT sequencename, data_type::text, increment_by::text FROM pg_sequences WHERE schemaname = 'public'"
)
EVERYTHING = (*TABLES, TRIGGERS, FUNCTIONS, SEQUENCES)


def definitions(database_url: str, *questions: str) -> Definitions:
    """Return rows of the catalog queries, without Alembic's own table."""
    with psycopg.connect(database_url) as connection:
        rows = [row for question in questions for row in connection.execute(question.encode())]
    return {row for row in rows if row[0] != "alembic_version"}


def script() -> ScriptDirectory:
    return ScriptDirectory.from_config(migrations.alembic_config(""))


def test_the_history_is_one_line():
    versions = list(script().walk_revisions())
    assert [version.revision for version in versions if version.is_head] == [script().get_current_head()]
    assert not [version.revision for version in versions if version.is_branch_point or version.is_merge_point]


def test_alembic_finds_nothing_to_add(database_url):
    command.check(migrations.alembic_config(database_url))


def test_the_history_builds_exactly_the_tables_of_the_models(database_url, scratch_url):
    """This includes constraints and indexes; Alembic's own comparison sees only some of them."""
    engine = create_engine(sqlalchemy_url(scratch_url))
    Base.metadata.create_all(engine)
    engine.dispose()
    assert definitions(database_url, *TABLES) == definitions(scratch_url, *TABLES)


def test_the_history_runs_back_to_nothing_and_forward_again(database_url, scratch_url):
    migrations.upgrade(scratch_url)
    migrations.downgrade(scratch_url)
    assert definitions(scratch_url, *EVERYTHING) == set()
    migrations.upgrade(scratch_url)
    assert definitions(scratch_url, *EVERYTHING) == definitions(database_url, *EVERYTHING)


def test_every_step_can_be_undone_by_itself(scratch_url):
    steps = [version.revision for version in reversed(list(script().walk_revisions()))]
    for before, after in zip(["base", *steps], steps, strict=False):
        known = definitions(scratch_url, *EVERYTHING)
        migrations.upgrade(scratch_url, after)
        migrations.downgrade(scratch_url, before)
        assert definitions(scratch_url, *EVERYTHING) == known
        migrations.upgrade(scratch_url, after)


def test_an_upgrade_of_a_database_that_is_there_already_changes_nothing(database_url):
    before = definitions(database_url, *EVERYTHING)
    migrations.upgrade(database_url)
    assert definitions(database_url, *EVERYTHING) == before


def test_alembic_run_by_hand_finds_the_database_in_the_environment(database_url):
    alembic = [sys.executable, "-m", "alembic", "current"]
    environment = os.environ | {"DATABASE_URL": database_url}
    ran = subprocess.run(alembic, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [script().get_current_head(), "(head)"]


def test_the_sectors_are_those_that_the_code_knows(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT sector, locality, latitude, longitude FROM sectors").fetchall()
    facts = {SectorFact(*row) for row in rows}
    assert facts == set(SECTORS)
    assert (len(rows), sum(fact.latitude is None for fact in facts)) == (183, 61)


ADD_HOME = """
    INSERT INTO properties
        (title, locality, sector, property_type, listing_type, area_sqft, area_basis, price)
    VALUES ('Flat', 'Sector 62', '62', 'villa', 'sale', 900, 'super', 9000000) RETURNING revision
"""


def add_home(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        [(revision,)] = connection.execute(ADD_HOME.encode()).fetchall()
        return int(revision)


def test_revisions_begin_at_one(scratch_url):
    migrations.upgrade(scratch_url)
    assert [add_home(scratch_url), add_home(scratch_url)] == [1, 2]


@pytest.mark.parametrize("unknown", ["0003", "0018", "99"])
def test_a_database_of_another_release_is_left_as_it_is(scratch_url, unknown):
    migrations.upgrade(scratch_url, "02")
    with psycopg.connect(scratch_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [unknown])
    before = definitions(scratch_url, *EVERYTHING)
    with pytest.raises(migrations.UnknownRevision, match=f"^{unknown}$"):
        migrations.upgrade(scratch_url)
    assert definitions(scratch_url, *EVERYTHING) == before
