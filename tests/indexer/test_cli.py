"""The `indexer` command: its output, and the exit codes that scripts rely on."""

import json
import logging
import os
import re
import signal
import time

import psycopg
import pytest
import structlog
from typer.testing import CliRunner

from indexer.cli import app
from indexer.lifecycle import generations
from runtime.logs import configure_logs
from tests.factories import home, store
from tests.indexer.agreement import plain_sql


@pytest.fixture
def invoke(environment):
    return lambda *arguments, **changes: CliRunner().invoke(app, arguments, env=environment | changes)


@pytest.fixture
async def a_home(engine):
    await store(engine, home())


@pytest.mark.usefixtures("indexes", "a_home")
def test_reindex_then_status(invoke, settings):
    reindexed = invoke("reindex")
    assert reindexed.exit_code == 0
    assert reindexed.stdout.startswith(f"{settings.index_alias}-")
    assert reindexed.stdout.endswith(" is live.\n")

    shown = invoke("status")
    assert shown.exit_code == 0
    assert "live" in shown.stdout

    status = json.loads(invoke("status", "--json").stdout)
    assert (status["rows"], status["documents"], status["depth"], status["problems"]) == (1, 1, 0, [])
    assert reindexed.stdout.startswith(status["alias_target"])
    assert [generation["state"] for generation in status["generations"]] == ["live"]


@pytest.mark.usefixtures("indexes", "a_home")
def test_a_reindex_lets_searches_on_the_same_machine_go_first(invoke, monkeypatch):
    given_away = []
    monkeypatch.setattr(os, "nice", given_away.append)
    invoke("status")
    assert given_away == []
    assert invoke("reindex").exit_code == 0
    assert given_away == [10]


@pytest.mark.usefixtures("engine", "indexes")
def test_status_before_the_first_reindex_names_the_command(invoke):
    result = invoke("status", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"] == ["Nothing is live: run `indexer reindex`."]


@pytest.fixture
async def drifted(engine, generation):
    await store(engine, home())
    await plain_sql(engine, "UPDATE search_outbox SET created_at = created_at - interval '90 seconds'")
    await plain_sql(
        engine,
        "INSERT INTO search_dead_letters (property_id, revision, error_type, reason)"
        " VALUES (gen_random_uuid(), 1, 'mapper_parsing_exception', 'because')",
    )
    await plain_sql(engine, "UPDATE index_generations SET schema_hash = '00000000'")
    return generation


@pytest.mark.usefixtures("drifted")
def test_status_says_what_is_not_as_it_should_be(invoke):
    result = invoke("status", "--json")
    assert result.exit_code == 1
    schema, lag, letters = json.loads(result.stdout)["problems"]
    assert schema == "The live index has another schema than this code: run `indexer reindex`."
    assert re.fullmatch(r"Changes wait for \d+ s: is `indexer run` running\?", lag)
    assert letters == "1 documents were refused: see `indexer dead-letters list`."
    assert "is `indexer run` running?" in invoke("status").stdout


@pytest.fixture
async def building(engine, search, settings, generation):
    return await generations.create(engine, search, settings)


@pytest.mark.usefixtures("building")
def test_status_shows_when_a_reindex_last_gave_a_sign_of_life(invoke):
    shown = re.sub(r"[\s│]+", " ", invoke("status").stdout)  # a narrow terminal wraps lines
    assert re.search(r"\(last sign of life \d\d:\d\d:\d\d UTC\)", shown)


@pytest.fixture
async def lost(engine, search, settings, generation):
    await store(engine, home())
    await plain_sql(engine, "DELETE FROM search_outbox")
    actions = [{"remove": {"index": generation, "alias": settings.index_alias}}]
    await search.indices.update_aliases(body={"actions": actions})


@pytest.mark.usefixtures("lost")
def test_status_sees_an_alias_that_leads_nowhere(invoke):
    problems = json.loads(invoke("status", "--json").stdout)["problems"]
    assert problems == ["The alias leads to nothing, not to the live index: run `indexer reindex`."]


@pytest.fixture
async def incomplete(engine, generation):
    await store(engine, home())
    await plain_sql(engine, "DELETE FROM search_outbox")
    return generation


@pytest.mark.usefixtures("incomplete")
def test_status_counts_rows_and_documents(invoke):
    assert json.loads(invoke("status", "--json").stdout)["problems"] == ["1 rows, but 0 documents."]


@pytest.mark.usefixtures("engine", "indexes")
def test_a_second_reindex_is_refused(invoke, settings):
    with psycopg.connect(settings.database_url) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"reindex {settings.index_alias}"])
        result = invoke("reindex")
        # Unlock explicitly: closing the connection unlocks with a delay, and the next test could be refused.
        other.execute("SELECT pg_advisory_unlock_all()")
    assert result.exit_code == 3
    assert result.stderr.endswith(f"Another reindex of {settings.index_alias} is running.\n")


@pytest.mark.parametrize(
    "away",
    [
        {"OPENSEARCH_URL": "http://127.0.0.1:1"},
        {"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/nowhere"},
    ],
)
@pytest.mark.parametrize("command", ["reindex", "status"])
@pytest.mark.usefixtures("engine")
def test_a_store_that_is_away_is_named_without_a_traceback(invoke, command, away):
    result = invoke(command, **away)
    assert result.exit_code == 4
    assert "A store is not available: " in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_option_is_wrong_usage(invoke):
    assert invoke("status", "--nonsense").exit_code == 2


@pytest.mark.usefixtures("generation")
def test_status_can_be_watched_until_it_is_interrupted(start):
    process = start("status", "--watch", "--json")
    process.until_now(lambda: process.said.count("\n") >= 2, "it shows two")
    assert process.stop_now(signal.SIGINT) == 0
    assert {tuple(json.loads(line)["problems"]) for line in process.said.splitlines()} == {()}


@pytest.fixture
def clean_logging():
    """Undo what `configure_logs` changes after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    for name in ("opensearch", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.mark.usefixtures("clean_logging")
def test_lines_of_libraries_look_like_ours(capfdbinary):
    configure_logs("info")
    structlog.get_logger(component="ours").info("done", documents=3)
    logging.getLogger("theirs").warning("%s is odd", "this")
    logging.getLogger("opensearch").warning("refused, with a page of traceback")
    structlog.get_logger(component="ours").debug("too much")
    ours, theirs = [json.loads(line) for line in capfdbinary.readouterr().err.splitlines()]
    stamp = ours.pop("timestamp")
    assert abs(time.time() - time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))) < 86_400
    assert stamp.endswith("Z")
    assert ours == {"event": "done", "level": "info", "logger": "ours", "documents": 3}
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("this is odd", "warning", "theirs")


@pytest.mark.usefixtures("clean_logging")
def test_an_exception_is_one_line_of_json(capsys):
    configure_logs("INFO")
    try:
        int("flat")
    except ValueError:
        structlog.get_logger(component="ours").exception("failed")
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "flat" in line["exception"][0]["exc_value"]


@pytest.mark.usefixtures("clean_logging")
def test_a_person_gets_lines_to_read(capsys):
    configure_logs("INFO", json=False)
    structlog.get_logger(component="ours").info("done", documents=3)
    assert "documents=3" in capsys.readouterr().err
