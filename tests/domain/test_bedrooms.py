import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bedrooms import bhk_label, bhk_number, bhk_term


@pytest.mark.parametrize(
    ("bhk", "term", "label"),
    [
        (0.5, "0.5", "1 RK"),
        (1, "1", "1 BHK"),
        (1.0, "1", "1 BHK"),
        (2.5, "2.5", "2.5 BHK"),
        (3, "3", "3 BHK"),
        (20, "20", "20 BHK"),
    ],
)
def test_bedrooms_are_named_as_people_say_them(bhk, term, label):
    assert (bhk_term(bhk), bhk_label(bhk)) == (term, label)


@pytest.mark.parametrize(("term", "number"), [("3", 3), ("3.0", 3), ("2.5", 2.5), ("0.5", 0.5)])
def test_whole_bedrooms_are_whole_numbers(term, number):
    assert repr(bhk_number(term)) == repr(number)


@given(st.integers(1, 40).map(lambda halves: halves / 2))
def test_a_term_reads_back_as_the_number_it_was_written_from(bhk):
    assert bhk_number(bhk_term(bhk)) == bhk
