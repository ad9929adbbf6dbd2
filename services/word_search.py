"""Find rows by the beginnings of words, in any order."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR


def words_starting_with(
    search: Any, beginnings: Iterable[str], *, by_index: bool = True
) -> ColumnElement[bool]:
    """Match rows where each beginning starts a word of `search`; without beginnings nothing matches.

    `by_index`: whether the index of words may be used.
    """
    words = " & ".join(f"{_quoted(word)}:*" for word in beginnings)
    if not words:
        return false()
    held = search if by_index else search.concat(literal("", TSVECTOR))
    found: ColumnElement[bool] = held.bool_op("@@")(func.lower(words).cast(TSQUERY))
    return found


def _quoted(word: str) -> str:
    """Quote a word for a text search query, so that its characters have no special meaning."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
