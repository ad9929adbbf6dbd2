"""What was read from a visitor's text, beside the results that it led to."""

from typing import Any

from typing_extensions import TypedDict


class ReadSpan(TypedDict):
    """A stretch of the text and what it adds to a field; offsets count Unicode code points."""

    start: int
    end: int
    field: str
    """A field of the search; or `outside` for a place beyond Noida, which stays in the text."""
    value: Any
    confidence: float
    assumed: bool
    """Whether the visitor left it out and we filled in what people mostly mean."""


class IgnoredSpan(TypedDict):
    """A stretch of the text that narrows nothing."""

    start: int
    end: int
    text: str


class ReadConflict(TypedDict):
    """Something that the text says otherwise than the search that came with it, which holds."""

    field: str
    given: Any
    """Null when the field holds nothing and what was read does not fit the other fields."""
    read: Any


class Understood(TypedDict):
    filters: dict[str, Any]
    """What the text adds, as the canonical search writes it."""
    in_words: str
    """The same in words that read as the same filters."""
    text_rest: str
    """What is left to be searched as text."""
    spans: list[ReadSpan]
    ignored: list[IgnoredSpan]
    conflicts: list[ReadConflict]
