"""One spelling per society in each sector, so that it appears only once among the choices."""

from collections.abc import Iterable
from unicodedata import normalize


def one_spelling(name: str) -> str:
    """Return the name with single blanks between its words."""
    return " ".join(name.split())


def same_society(name: str, other: str) -> bool:
    return _key(name) == _key(other)


class Spellings:
    """The known spellings of a sector, including those learned while it is used."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """The first known spelling of a society takes precedence."""
        self._exact = set(known := tuple(known))
        self._first: dict[str, str] = {}
        for name in known:
            self._first.setdefault(_key(name), name)

    def of(self, name: str) -> str:
        """Return the sector's spelling of the name; a known spelling is returned unchanged."""
        return name if name in self._exact else self._first.setdefault(_key(name), one_spelling(name))


def _key(name: str) -> str:
    return one_spelling(normalize("NFKC", name).casefold())
