"""Visitors' queries, read as the table beside this file expects."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.query_reader.reader import Understanding, read_query

TABLE: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("queries.yaml").read_text("utf-8"))


def as_written(query: str, understanding: Understanding) -> dict[str, Any]:
    """Return an understanding in the table's format."""
    spans = understanding.spans
    row = {
        "rest": understanding.text_rest,
        "ignored": [ignored.text for ignored in understanding.ignored],
        "assumed": list(dict.fromkeys(span.field.value for span in spans if span.assumed)),
        "outside": [span.value for span in spans if span.field == "outside"],
    }
    return {"q": query, "filters": understanding.filters} | {name: said for name, said in row.items() if said}


@pytest.mark.parametrize("row", TABLE, ids=[row["q"] for row in TABLE])
def test_a_query_is_read_as_the_table_says(row: dict[str, Any]):
    assert as_written(row["q"], read_query(row["q"])) == row


def test_the_table_is_large_and_repeats_nothing():
    queries = [row["q"] for row in TABLE]
    assert len(queries) == len(set(queries)) >= 150
