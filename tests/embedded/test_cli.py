"""`python -m embedded` as a user or a script sees it."""

import http.client
import json
import os
import signal
from typing import Any

import psycopg
import pytest

from embedded.runenv import read_run_env
from embedded.servers.children import recorded
from tests.embedded.commands import Command, line_of
from tests.ports import kept_port

pytestmark = pytest.mark.xdist_group("embedded")


def test_an_interrupt_while_starting_stops_cleanly(command: Command) -> None:
    process = command.start("services", OPENSEARCH_URL="")
    process.until_now(lambda: recorded(command.home / "children.json"), "a server has started")
    process.send(signal.SIGINT)
    process.send(signal.SIGTERM)
    assert (process.ends_now(), process.complained) == (0, "")
    assert process.said.endswith("stopping\nstopped\n")
    assert recorded(command.home / "children.json") == []


def test_up_answers_searches_and_comes_back_with_the_same_listings(command: Command, worker_id: str) -> None:
    alias = f"test_{os.environ['CASABRICKS_TEST_RUN']}_{worker_id}_up"
    found = []
    with kept_port() as port:
        for _ in range(2):
            stack = command.start("up", LISTINGS="20", INDEX_ALIAS=alias, API_PORT=str(port))
            url = line_of(stack, "ready").removeprefix("ready: ")
            facts = read_run_env(command.home / "run.env")
            assert url == facts["API_URL"] == f"http://127.0.0.1:{port}"
            with psycopg.connect(facts["DATABASE_URL"]) as connection:
                admins = connection.execute("SELECT email, role FROM users").fetchall()
                listings = connection.execute("SELECT id, title FROM properties ORDER BY id").fetchall()
            assert admins == [(facts["ADMIN_EMAIL"], "super_admin")]
            assert allowed_origin(url, "http://localhost:3000") == "http://localhost:3000"
            found.append((listings, ask(url, "/api/v1/search/guided")["total"]))
            assert stack.stop_now() == 0
    assert found[0] == found[1]
    assert (len(found[0][0]), found[0][1] > 0) == (20, True)


def allowed_origin(url: str, origin: str) -> str | None:
    """Send a CORS preflight request for an origin; return the allowed origin."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    asked = {"origin": origin, "access-control-request-method": "POST"}
    connection.request("OPTIONS", "/api/v1/search/guided", headers=asked)
    allowed = connection.getresponse().headers["access-control-allow-origin"]
    connection.close()
    return allowed


def ask(url: str, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.request("GET", path)
    answer: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return answer
