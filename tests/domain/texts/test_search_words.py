"""Which words of a search must match, and how loosely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts.search_words import Word, search_words


def texts(text: str) -> list[str] | None:
    words = search_words(text)
    return None if words is None else [word.text for word in words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3BHK flat in Sector62", ["3", "bhk", "flat", "sector", "62"]),
        ("sector 93A", ["sector", "93a"]),
        ("2.5 bhk, sec-62!", ["2.5", "bhk", "sec-62"]),
        ("सेक्टर ६२ में फ्लैट", ["सेक्टर", "62", "फ्लैट"]),
        ("park park PARK", ["park"]),
        ("home in noida", []),
        ("the society", ["the", "society"]),
        ("a " * 100, ["a"]),
        ("*:* /.*/ 🏠", None),
        ("", None),
    ],
)
def test_words_that_tell_something_are_kept_once(text: str, expected: list[str] | None):
    assert texts(text) == expected


def test_a_word_may_begin_a_name_be_mistyped_or_be_half_of_a_name():
    assert search_words("gaur citi amrapli") == [
        Word("gaur", joined=("gaurciti",)),
        Word("citi", joined=("gaurciti", "citiamrapli")),
        Word("amrapli", joined=("citiamrapli",)),
    ]
    assert Word("gaur", joined=("gaurciti",)).name_parts == ("gaur", "gaurciti")
    assert (Word("at").name_parts, Word("gaur").typos, Word("gaurs").typos) == ((), (), ("gaurs",))


@pytest.mark.parametrize("text", ["62", "93a", "10000", "sec-62", "१२३४५"])
def test_what_holds_a_digit_is_exact(text: str):
    [word] = search_words(text) or []
    assert (word.name_parts, word.typos) == ((), ())


def test_a_hindi_word_is_also_looked_for_in_english_letters():
    [word] = search_words("आम्रपाली") or []
    assert word.spellings == ("आम्रपाली", "amrapali")
    assert word.name_parts == word.typos == ("amrapali",)


def test_in_a_long_text_no_word_is_taken_for_a_typo():
    words = [f"tower{letter}" for letter in "abcdefghi"]
    assert [word.typos for word in search_words(" ".join(words)) or []] == [()] * 9
    assert [word.typos for word in search_words(" ".join(words[:8])) or []] == [(word,) for word in words[:8]]


@given(text=st.text(max_size=200))
def test_any_text_has_words_or_none(text: str):
    words = search_words(text)
    assert words is None or len({word.text for word in words}) == len(words) <= 200
