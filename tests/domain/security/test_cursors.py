"""Cursors: valid only for their search, and impossible to forge."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.cursors import InvalidCursor, read_cursor, write_cursor
from domain.security.keys import derived, keys_for

SEARCH = {"bhk": [3], "sort": "newest"}
KEYS = keys_for("cursor", ["a secret of today", "a secret of yesterday"])
PLACES = st.lists(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.none())


@given(PLACES)
def test_a_cursor_brings_back_its_place(after: list[Any]):
    try:
        cursor = write_cursor(after, SEARCH, KEYS)
    except TypeError:  # a lone surrogate, which no engine returns
        return
    read = read_cursor(cursor, dict(reversed(SEARCH.items())), KEYS)
    assert read == after or any(place in {float("inf"), float("-inf")} for place in after)


def test_a_cursor_outlives_the_change_of_the_secret_by_one():
    cursor = write_cursor([1], SEARCH, KEYS[1:])
    assert read_cursor(cursor, SEARCH, KEYS) == [1]
    with pytest.raises(InvalidCursor):
        read_cursor(cursor, SEARCH, KEYS[:1])


@pytest.mark.parametrize("search", [{}, SEARCH | {"bhk": [2]}])
def test_a_cursor_belongs_to_its_search(search: dict[str, Any]):
    with pytest.raises(InvalidCursor):
        read_cursor(write_cursor([1], SEARCH, KEYS), search, KEYS)


@given(st.text() | st.text("abcXYZ019_-", max_size=80))
def test_no_other_text_is_a_cursor(text: str):
    with pytest.raises(InvalidCursor):
        read_cursor(text, SEARCH, KEYS)


def test_a_key_serves_one_purpose_and_one_secret():
    keys = {derived(secret, purpose) for secret in ("one", "other") for purpose in ("cursor", "token")}
    assert (len(keys), {len(key) for key in keys}) == (4, {64})
