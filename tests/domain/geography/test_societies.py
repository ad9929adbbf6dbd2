"""Society names in different spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geography.societies import Spellings, one_spelling, same_society


@pytest.mark.parametrize("name", ["ATS Pristine", "Ats pristine", "ATS  Pristine", " ats\u00a0PRISTINE "])
def test_a_society_is_spelled_as_its_sector_spells_it(name: str):
    assert Spellings(["ATS Pristine", "Quail Angan"]).of(name) == "ATS Pristine"


def test_a_new_society_is_learnt_with_single_blanks():
    spellings = Spellings(["Quail Angan"])
    assert [spellings.of(name) for name in ("ATS  Pristine", "ats pristine", "ATS Pristine II")] == [
        "ATS Pristine",
        "ATS Pristine",
        "ATS Pristine II",
    ]


def test_a_spelling_that_the_sector_has_stays_beside_the_commonest():
    spellings = Spellings(["ATS Pristine", "Ats pristine"])
    assert [spellings.of(name) for name in ("Ats pristine", "ats pristine")] == [
        "Ats pristine",
        "ATS Pristine",
    ]


@given(st.text(), st.lists(st.text(), max_size=3))
def test_a_spelling_is_the_same_society_and_settles_at_once(name: str, known: list[str]):
    spelled = Spellings(known).of(name)
    assert same_society(spelled, name)
    assert Spellings([*known, spelled]).of(spelled) == spelled


@given(st.text())
def test_single_blanks_stay_single(name: str):
    assert one_spelling(one_spelling(name)) == one_spelling(name)
