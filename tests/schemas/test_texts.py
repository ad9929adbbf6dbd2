"""Texts are cleaned of control characters, stray blanks and placeholders for "nothing"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.texts import NOTHING, one_line, prose


@pytest.mark.parametrize(
    ("raw", "line", "text"),
    [
        ("Owner\u0092s flat", "Owner’s flat", "Owner’s flat"),
        ("Tower A\u000bPhase 2", "Tower A Phase 2", "Tower A\nPhase 2"),
        ("One\r\ntwo\rthree\u2028four", "One two three four", "One\ntwo\nthree\nfour"),
        ("A\tB", "A B", "A\tB"),
        ("A\x00B\x1bC\x7fD\x81E", "ABCDE", "ABCDE"),
        (" \u200b\ufeff\u00a0Sea view;\n\x1a", "Sea view;", " \u200b\ufeff\u00a0Sea view;\n"),
        ("REF-9,", "REF-9,", "REF-9,"),
        ("Two  blanks", "Two  blanks", "Two  blanks"),
        ("\u2060 \u200d", "", "\u2060 \u200d"),
        ("पहाड़ी \u200dन", "पहाड़ी \u200dन", "पहाड़ी \u200dन"),
        *((f" {word.upper()}\n", "", "") for word in sorted(NOTHING)),
    ],
)
def test_a_text_is_cleaned(raw: str, line: str, text: str):
    assert (one_line(raw), prose(raw)) == (line, text)


@given(st.text() | st.text("\r\n\t \x00\x0b\x80\x92\u2028\ufeffNaN#/"))
def test_what_is_clean_stays_as_it_is(raw: str):
    assert one_line(one_line(raw)) == one_line(raw) == one_line(prose(raw))
    assert prose(prose(raw)) == prose(raw)
    assert len(prose(raw)) <= len(raw)
