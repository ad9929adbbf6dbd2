"""Correction of typing errors: one edit from five letters, two from eight, never a digit."""

from functools import lru_cache

LONG, LONGER = 5, 8
MEANT = (
    "sector",
    "apartment",
    "penthouse",
    "independent",
    "furnished",
    "unfurnished",
    "construction",
    "bungalow",
    "facing",
    "studio",
    "crore",
    "builder",
    "noida",
)
"""Words worth guessing: long, often mistyped, and unlike the names of societies."""
KNOWN = {
    *("apartments", "sectors", "sectorn", "crores", "bungalows", "builders", "penthouses", "studios"),
    *("department", "vector", "hector", "fencing", "racing", "pacing", "core", "score", "store", "studied"),
}
"""Words that are close to those above but are correct as they are."""


@lru_cache(maxsize=8192)
def corrected(word: str) -> str:
    """Return the vocabulary word that this is close to, if there is exactly one; else the word itself.

    The first letter must match: it is rarely mistyped, and this protects names from being corrected.
    """
    if len(word) < LONG or word in MEANT or word in KNOWN:
        return word
    near = [meant for meant in MEANT if meant[0] == word[0] and is_near(word, meant)]
    return near[0] if len(near) == 1 else word


def is_near(word: str, meant: str) -> bool:
    shorter = min(len(word), len(meant))
    edits = 2 if shorter >= LONGER else 1 if shorter >= LONG else 0
    return abs(len(word) - len(meant)) <= edits and _within(word, meant, edits)


def _within(one: str, two: str, edits: int) -> bool:
    """Return whether at most `edits` edits make the words equal.

    An edit inserts, deletes or changes a letter, or swaps two neighbours.
    """
    while one and two and one[0] == two[0]:
        one, two = one[1:], two[1:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    if not one or not two:
        return max(len(one), len(two)) <= edits
    if not edits:
        return False
    swapped = one[:2] == two[1::-1] and _within(one[2:], two[2:], edits - 1)
    return swapped or any(
        _within(*changed, edits - 1) for changed in ((one[1:], two[1:]), (one[1:], two), (one, two[1:]))
    )
