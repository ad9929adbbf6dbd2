"""The accepted spellings of ids in addresses."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import read_id

KEY = "019b76da-ab06-7017-9695-9a03e802027d"


@given(key=st.uuids(allow_nil=True))
def test_an_id_is_read_in_small_letters_and_in_capitals(key: UUID):
    assert read_id(str(key)) == read_id(str(key).upper()) == key


@pytest.mark.parametrize(
    "text",
    [
        "", "17", KEY.replace("-", ""), f"urn:uuid:{KEY}", f"{{{KEY}}}", f"{KEY}\n", f" {KEY}", f"{KEY}0",
        KEY.replace("-", "", 1), KEY.replace("0", "٠", 1), KEY.replace("a", "g", 1),
    ],
)  # fmt: skip
def test_everything_else_is_none(text: str):
    assert read_id(text) is None


@given(text=st.text())
def test_any_text_is_an_id_or_none(text: str):
    assert read_id(text) in {None, *([UUID(text)] if read_id(text) else [])}
