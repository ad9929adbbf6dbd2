"""`python -m embedded`: what a person or a script sees of it."""

import http.client
import os
import signal

import psycopg
import pytest

from embedded.children import recorded
from embedded.runenv import read_run_env
from tests.embedded.commands import Command, read_until, wait_for

pytestmark = pytest.mark.xdist_group("embedded")


def test_an_interrupt_while_starting_stops_cleanly(command: Command) -> None:
    process = command.start("services", OPENSEARCH_URL="")
    wait_for(lambda: len(recorded(command.home / "children.json")) > 0)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    said, complained = process.communicate(timeout=20)
    assert (process.returncode, complained) == (0, "")
    assert said.endswith("stopping\nstopped\n")
    assert recorded(command.home / "children.json") == []


def test_up_answers_searches_and_comes_back_with_the_same_listings(command: Command, worker_id: str) -> None:
    alias = f"test_{os.environ['CASABRICKS_TEST_RUN']}_{worker_id}_up"
    stack = command.start("up", LISTINGS="20", INDEX_ALIAS=alias)
    url = read_until(stack, "ready").removeprefix("ready: ")
    facts = read_run_env(command.home / "run.env")
    with psycopg.connect(facts["DATABASE_URL"]) as connection:
        admins = connection.execute("SELECT email, role FROM users").fetchall()
        listings = connection.execute("SELECT count(*) FROM properties").fetchone()
    answered = status(url, "/api/v1/search/guided")
    stack.send_signal(signal.SIGTERM)
    stack.communicate(timeout=20)
    assert (answered, url, admins, listings) == (
        200,
        facts["API_URL"],
        [(facts["ADMIN_EMAIL"], "super_admin")],
        (20,),
    )
    assert stack.returncode == 0


def status(url: str, path: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", path)
    found = connection.getresponse().status
    connection.close()
    return found
