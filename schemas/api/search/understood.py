"""What was read from a visitor's text, returned with the results."""

from typing import Any

from typing_extensions import TypedDict


class ReadSpan(TypedDict):
    """A span of the text and the value it sets in a field; offsets count Unicode code points."""

    start: int
    end: int
    field: str
    """A field of the search, or `outside` for a place beyond Noida, which stays in the text."""
    value: Any
    confidence: float
    assumed: bool
    """True if the visitor did not say it and the most common meaning was assumed."""


class IgnoredSpan(TypedDict):
    """A span of the text that does not narrow the search."""

    start: int
    end: int
    text: str


class ReadConflict(TypedDict):
    """A contradiction between the text and the filters sent with it; the filters take precedence."""

    field: str
    given: Any
    """Null if the field is empty and the value read does not fit the other fields."""
    read: Any


class Understood(TypedDict):
    filters: dict[str, Any]
    """The filters that the text adds, in the form of the canonical search."""
    in_words: str
    """The same filters in words; reading them again gives the same filters."""
    text_rest: str
    """The rest of the text, which is searched as words."""
    spans: list[ReadSpan]
    ignored: list[IgnoredSpan]
    conflicts: list[ReadConflict]
