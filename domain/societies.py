"""One society has one spelling in its sector, or it would be several to choose from."""

from collections.abc import Iterable
from unicodedata import normalize


def one_spelling(name: str) -> str:
    """The name with single blanks between its words."""
    return " ".join(name.split())


def same_society(name: str, other: str) -> bool:
    return _key(name) == _key(other)


class Spellings:
    """The spellings that a sector has, and those that it learns."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Of several spellings of one society the first one known counts."""
        self._exact = set(known := tuple(known))
        self._first: dict[str, str] = {}
        for name in known:
            self._first.setdefault(_key(name), name)

    def of(self, name: str) -> str:
        """The name as the sector spells it; a spelling that it has stays, even beside others."""
        return name if name in self._exact else self._first.setdefault(_key(name), one_spelling(name))


def _key(name: str) -> str:
    return one_spelling(normalize("NFKC", name).casefold())
