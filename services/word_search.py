"""Finding rows by the beginnings of words, whatever their order."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR


def begin_words(search: Any, beginnings: Iterable[str], *, by_index: bool = True) -> ColumnElement[bool]:
    """Each of them begins a word that `search` holds; nothing is found by none.

    `by_index`: whether the index of words may be used.
    """
    words = " & ".join(f"{_quoted(word)}:*" for word in beginnings)
    if not words:
        return false()
    held = search if by_index else search.concat(literal("", TSVECTOR))
    found: ColumnElement[bool] = held.bool_op("@@")(func.lower(words).cast(TSQUERY))
    return found


def _quoted(word: str) -> str:
    """A word of a text search as it stands, whatever is in it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
