import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.areas import parse_area


@pytest.mark.parametrize(
    ("text", "sqft"),
    [
        ("1625 ", 1625),
        ("1,625", 1625),
        ("991 sqft", 991),
        ("991 Sq. Ft.", 991),
        ("145 sqyrd", 1305),
        ("200 gaj", 1800),
        ("२०० गज", 1800),
        ("127 sqm", 1367),
        ("100 square metres", 1076),
        ("1385.041551246540", 1385),
        ("999.5", 1000),
    ],
)
def test_an_area_is_read_in_square_feet(text, sqft):
    assert parse_area(text) == sqft


@pytest.mark.parametrize("text", ["", "NA", "sqft", "12 acres of mangoes", "1200-1400 sqft", "-5", "9" * 40])
def test_what_is_no_area_is_none(text):
    assert parse_area(text) is None


@given(st.text())
def test_any_text_gives_an_area_or_none(text):
    area = parse_area(text)
    assert area is None or area >= 0
