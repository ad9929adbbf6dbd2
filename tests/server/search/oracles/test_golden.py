"""Text searches and their results, compared with a file of expected results."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue

GOLDEN = tomllib.loads(Path(__file__).with_name("golden.toml").read_text())


def stored(place: int, row: Row) -> Row:
    """Return a home of the file; homes earlier in the file get a higher rank."""
    return home(**row | {"vastu_score": 95 - place, "bhk": row.get("bhk", 3) or None})


@pytest.fixture(scope="module")
async def golden(live: Catalogue) -> Catalogue:
    await live.store(*(stored(place, row) for place, row in enumerate(GOLDEN["home"])))
    return live


@pytest.mark.parametrize("wanted", GOLDEN["search"], ids=[wanted["q"] for wanted in GOLDEN["search"]])
async def test_words_find_what_they_should(api: Api, golden: Catalogue, wanted: dict[str, Any]):
    answer = await api.post("/api/v1/search/listings", {"q": wanted["q"], "page_size": 50, "suggest": False})
    found = [item["title"] for item in answer.body["items"]]
    if not wanted.get("ordered"):
        found = in_order_of_the_file(found)
    assert found == wanted["finds"]
    assert not set(found) & set(wanted.get("not", []))


def in_order_of_the_file(titles: list[str]) -> list[str]:
    listed = [row["title"] for row in GOLDEN["home"]]
    return sorted(titles, key=listed.index)


def test_the_file_names_homes_of_its_catalogue():
    known = {row["title"] for row in GOLDEN["home"]}
    for wanted in GOLDEN["search"]:
        assert {*wanted["finds"], *wanted.get("not", [])} <= known
        assert wanted["finds"] == in_order_of_the_file(wanted["finds"]) or wanted.get("ordered")
