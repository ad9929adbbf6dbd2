"""Hindi words in Latin letters."""

import pytest

from domain.texts.devanagari import is_devanagari, transliterated


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("आम्रपाली", "amrapali"),
        ("लोटस", "lotas"),
        ("महागुन", "mahagun"),
        ("पंचशील", "panchshil"),
        ("सुपरटेक", "supartek"),
        ("गौड़", "gaud"),
        ("नोएडा", "noeda"),
        ("कृष्णा", "krishna"),
        ("ऑर्किड", "orkid"),
        ("सेक्टर62", "sektara62"),
        ("", ""),
    ],
)
def test_a_word_is_written_as_it_is_spoken(word: str, written: str):
    assert transliterated(word) == written


@pytest.mark.parametrize(("word", "expected"), [("flat", False), ("é", False), ("फ्लैट", True), ("a।", True)])
def test_hindi_letters_are_known(word: str, expected: bool):
    assert is_devanagari(word) is expected
