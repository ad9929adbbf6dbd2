"""Walks through results, page by page: by number, or behind a cursor; of faceted and guided search alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.cursors import InvalidCursor, read_cursor, write_cursor
from domain.keys import Keys
from schemas.api.search import ListingSearch
from schemas.errors import FieldError, Unparsable
from server.search.queries import order_of

Hits = list[dict[str, Any]]


@dataclass(frozen=True)
class Walk:
    """Where a visitor stands in the results of a search."""

    search: ListingSearch
    keys: Keys
    page: int
    after: Sequence[Any] | None = None
    """The sort values behind which the page begins; None where its number says so."""

    def hits(self, found: dict[str, Any]) -> Hits:
        """The page's own hits."""
        hits: Hits = found["hits"]["hits"]
        return hits[: self.search.page_size]

    def next_cursor(self, found: dict[str, Any], total: int) -> str | None:
        """Where the next page begins; None behind the last hit."""
        hits = self.hits(found)
        if self.after is None:
            is_last = self.search.offset + len(hits) >= total
        else:
            is_last = len(hits) == len(found["hits"]["hits"])
        if is_last or not hits:
            return None
        return write_cursor([self.page + 1, *hits[-1]["sort"]], same_for_all_pages(self.search), self.keys)


def walk_of(search: ListingSearch, cursor: str | None, keys: Keys) -> Walk:
    """Go on where a cursor says, else by the search's page; `keys` are those of cursors.

    Raises:
        Unparsable: the cursor is not ours, or another search's.
    """
    if cursor is None:
        return Walk(search, keys, search.page)
    place = _place(search, cursor, keys)
    if place is None:
        wrong = FieldError("#/cursor", "body", "cursor", "is not a cursor of this search")
        raise Unparsable("The cursor does not belong to this search.", (wrong,))
    page, *after = place
    return Walk(search, keys, page, after)


def _place(search: ListingSearch, cursor: str, keys: Keys) -> list[Any] | None:
    """A page's number and the sort values behind which it begins, as many as the order has keys."""
    try:
        place = read_cursor(cursor, same_for_all_pages(search), keys)
    except InvalidCursor:
        return None
    return place if len(place) == 1 + len(order_of(search)) else None


def same_for_all_pages(search: ListingSearch) -> dict[str, Any]:
    """The search without its place in the results."""
    return {name: value for name, value in search.canonical().items() if name not in {"page", "page_size"}}
