"""Spreadsheet cells that are shown as text and never run as formulas."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.spreadsheets import lines_of, plain_cell, safe_cell


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠"])
def test_what_could_be_a_formula_is_shown_as_text(begin: str):
    assert safe_cell(f'{begin}HYPERLINK("x")') == f'\'{begin}HYPERLINK("x")'


@pytest.mark.parametrize("text", ["Garden flat", "", "a=b", "2 BHK", " =1"])
def test_other_text_stays_as_it_is(text: str):
    assert safe_cell(text) == text


@given(st.text())
def test_the_way_back_gives_what_was_there(text: str):
    assert plain_cell(safe_cell(text)) == text


def test_a_cell_that_we_did_not_write_stays_as_it_is():
    assert plain_cell("'tis a cottage") == "'tis a cottage"


def test_a_time_is_written_in_utc():
    evening = datetime(2026, 3, 10, 17, 30, 5, 999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert lines_of([[evening]]) == "2026-03-10T12:00:05Z\r\n"


def test_only_texts_are_guarded():
    assert lines_of([["-1", -1, -1.5, 2.0, None, "a,b", False]]) == '\'-1,-1,-1.5,2,,"a,b",False\r\n'
