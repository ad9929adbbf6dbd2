"""Typing errors: how similar words must be, and which words are corrected at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.query_reader.typos import MEANT, corrected, is_near

WORDS = st.text("abcs", max_size=10)


def distance(one: str, two: str) -> int:
    """Count letters inserted, deleted, replaced or swapped with the next, by dynamic programming."""
    table = {(row, 0): row for row in range(len(one) + 1)} | {
        (0, column): column for column in range(len(two) + 1)
    }
    for row in range(1, len(one) + 1):
        for column in range(1, len(two) + 1):
            same = one[row - 1] == two[column - 1]
            ways = [
                table[row - 1, column] + 1,
                table[row, column - 1] + 1,
                table[row - 1, column - 1] + (not same),
            ]
            if row > 1 and column > 1 and one[row - 2 : row] == two[column - 2 : column][::-1]:
                ways.append(table[row - 2, column - 2] + 1)
            table[row, column] = min(ways)
    return table[len(one), len(two)]


@given(WORDS, WORDS)
def test_one_edit_from_five_letters_and_two_from_eight(one: str, two: str):
    shorter = min(len(one), len(two))
    allowed = 0 if shorter < 5 else 1 if shorter < 8 else 2
    assert is_near(one, two) == (distance(one, two) <= allowed)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sectr", "sector"),
        ("setcor", "sector"),
        ("sectorr", "sector"),
        ("apartmnt", "apartment"),
        ("appartement", "apartment"),
        ("furnishd", "furnished"),
        ("unfurnishd", "unfurnished"),
        ("penthous", "penthouse"),
        ("crrore", "crore"),
        ("nodia", "noida"),
        # Not corrected: too short, too different, or another word.
        ("sect", "sect"),
        ("sctor62", "sctor62"),
        ("vector", "vector"),
        ("hector", "hector"),
        ("department", "department"),
        ("purvanchal", "purvanchal"),
        ("gaur", "gaur"),
        *((word, word) for word in MEANT),
    ],
)
def test_a_word_is_corrected_to_what_is_meant(word: str, meant: str):
    assert corrected(word) == meant
