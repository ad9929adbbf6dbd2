"""Paging through the results of faceted and guided search, by page number or by cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.security.cursors import InvalidCursor, read_cursor, write_cursor
from domain.security.keys import Keys
from schemas.api.search.canonical import ListingSearch
from schemas.errors import FieldError, Unparsable
from search.queries import order_of

Hits = list[dict[str, Any]]


@dataclass(frozen=True)
class Walk:
    """A visitor's position in the results of a search."""

    search: ListingSearch
    keys: Keys
    page: int
    after: Sequence[Any] | None = None
    """The page begins after the hit with these sort values; None if paging by number."""

    def hits(self, found: dict[str, Any]) -> Hits:
        """Return the hits of the page, without the extra one."""
        hits: Hits = found["hits"]["hits"]
        return hits[: self.search.page_size]

    def next_cursor(self, found: dict[str, Any], total: int) -> str | None:
        """Return the cursor of the next page; None after the last hit."""
        hits = self.hits(found)
        if self.after is None:
            is_last = self.search.offset + len(hits) >= total
        else:
            is_last = len(hits) == len(found["hits"]["hits"])
        if is_last or not hits:
            return None
        return write_cursor([self.page + 1, *hits[-1]["sort"]], same_for_all_pages(self.search), self.keys)


def walk_of(search: ListingSearch, cursor: str | None, keys: Keys) -> Walk:
    """Return the position of the cursor, or else of the search's page; `keys` are those of cursors.

    Raises:
        Unparsable: the cursor is invalid, or belongs to another search.
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
    """Return the page number and sort values in a cursor; None if it is invalid or has the wrong number."""
    try:
        place = read_cursor(cursor, same_for_all_pages(search), keys)
    except InvalidCursor:
        return None
    return place if len(place) == 1 + len(order_of(search)) else None


def same_for_all_pages(search: ListingSearch) -> dict[str, Any]:
    """Return the canonical search without `page` and `page_size`."""
    return {name: value for name, value in search.canonical().items() if name not in {"page", "page_size"}}
