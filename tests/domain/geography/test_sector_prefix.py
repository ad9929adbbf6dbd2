"""Sectors that match the beginning of a query."""

import pytest

from domain.geography.sector_prefix import sectors_beginning


@pytest.mark.parametrize(
    ("typed", "sectors"),
    [
        ("sector 62", ["62"]),
        ("Sector62", ["62"]),
        ("sec-62", ["62"]),
        ("s 62", ["62"]),
        ("062", ["62"]),
        ("६२", ["62"]),
        ("सेक्टर 62", ["62"]),
        ("sectr 62", ["62"]),
        ("setcor 62", ["62"]),
        ("सैक्टर 62", ["62"]),
        ("sector 62 noida", ["62"]),
        ("Sector-62, Noida", ["62"]),
        ("sector 62 no", ["62"]),
        ("noida sector 62", ["62"]),
        ("in sector 62", ["62"]),
        ("in noida, sec 62", ["62"]),
        ("सेक्टर 62 नोएडा में", ["62"]),
        ("near sector 93a, noida", ["93A"]),
        ("noida 62", ["62"]),
        ("sector 62 greater noida", []),
        ("sector 62 noida extension", []),
        ("sector 62 delhi", []),
        ("in", []),
        ("noida", []),
        ("no", []),
        ("93", ["93", "93A", "93B"]),
        ("sector 93 b", ["93B"]),
        ("sector 9 3", []),
        ("sector 999", []),
        ("villa 62", []),
        ("lotus", []),
        ("castor 62", []),
        ("", []),
        ("62 sector", []),
    ],
)
def test_a_beginning_names_the_sectors_that_it_may_become(typed: str, sectors: list[str]):
    assert sorted(fact.sector for fact in sectors_beginning(typed)) == sorted(sectors)


def test_half_a_word_may_become_any_sector():
    assert len(sectors_beginning("sec")) == len(sectors_beginning("sector")) > 150


def test_the_shorter_number_comes_first():
    assert [fact.sector for fact in sectors_beginning("1")][:3] == ["1", "10", "11"]
