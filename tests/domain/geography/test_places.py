import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geography.places import Outside, find_place
from schemas.sectors import LOCALITIES, SECTORS, SectorFact

SPELLINGS = [
    "Sector {}",
    "sector{}",
    "SECTOR-{}",
    "Sec-{}",
    "sec. {}",
    "S-{}",
    "s{}",
    "Sector-{} Noida",
    " Sector {}, Noida,, ",
    "sector {}, noida, uttar pradesh, 201301",
    "Green Court, Sector {}, Noida Express Way, Noida",
    "Plot 7, Sector {} Block C, Dadri Road, Noida",
    "Sector {}, Noida-Greater Noida Expressway, Noida, Delhi NCR",
    "सेक्टर {}, नोएडा",
    "Near Sector 18 Metro, Sector {}",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_sector_is_found_in_every_spelling(spelling):
    assert [find_place(spelling.format(fact.sector)) for fact in SECTORS] == list(SECTORS)


@given(
    fact=st.sampled_from(SECTORS),
    word=st.sampled_from(["sector", "Sec", "SECTOR", "Sect"]),
    gap=st.sampled_from(["", " ", "-", " - ", ". ", "\u00a0"]),
    zeros=st.sampled_from(["", "0"]),
    digits=st.sampled_from(["0123456789", "०१२३४५६७८९", "０１２３４５６７８９"]),
    loose=st.booleans(),
    end=st.sampled_from(["", ",", " , ", ", Noida", " Noida", " block B, Noida"]),
)
def test_a_sector_is_found_however_it_is_written(*, fact, word, gap, zeros, digits, loose, end):
    number = fact.sector.rstrip("ABC")
    suffix = fact.sector.removeprefix(number)
    separator = " " if loose and suffix and "block" not in end else ""
    written = (zeros + number).translate(str.maketrans("0123456789", digits))
    assert find_place(f"{word}{gap}{written}{separator}{suffix}{end}") == fact


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sector 16, Greater Noida", "Greater Noida"),
        ("Gr. Noida", "Greater Noida"),
        ("ग्रेटर नोएडा", "Greater Noida"),
        ("rho 2, Noida", "Greater Noida"),
        ("Sigma 4", "Greater Noida"),
        ("Sector-Chi", "Greater Noida"),
        ("Sector MU 2", "Greater Noida"),
        ("XU-3, Noida", "Greater Noida"),
        ("Eta, Noida", "Greater Noida"),
        ("Knowledge Park 3", "Greater Noida"),
        ("Techzone 4", "Greater Noida"),
        ("Tech Zone", "Greater Noida"),
        ("Sector 1, Greater Noida West", "Greater Noida West"),
        ("Phase 2 Noida Extension, Noida", "Greater Noida West"),
        ("Noida Extention", "Greater Noida West"),
        ("Sector 17A Yamuna Expressway, Noida", "Yamuna Expressway"),
        ("Sector 25 Yamuna Express Way", "Yamuna Expressway"),
        ("Yeida, Noida", "Yamuna Expressway"),
        ("Dadri", "Dadri"),
        ("Indirapuram, Ghaziabad", "Ghaziabad"),
        ("Mayur Vihar, New Delhi", "Delhi"),
        ("Sector 62, Gurgaon", "Gurugram"),
        ("Sector 15, Faridabad", "Faridabad"),
    ],
)
def test_a_place_beyond_noida_is_named(text, name):
    assert find_place(text) == Outside(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Noida",
        "Riverside Colony, Noida",
        "Dadri Road, Noida",
        "Noida Express Way",
        "Noida Sector 18 Metro, Noida",  # a station; homes near it lie in many sectors
        "Sector 62A, Noida",
        "Sector 999",
        "Sector 6200",
        "Alpha Court, Noida",  # without a number it is the name of a building
        "62",
    ],
)
def test_what_the_gazetteer_does_not_know_is_none(text):
    assert find_place(text) is None


@pytest.mark.parametrize(
    ("text", "locality"),
    [
        ("Omega 1 Apartments, Sector 50", "Sector 50"),  # a building with a Greek name
        ("Sector 15 A Block", "Sector 15"),
        ("Sector 93 A", "Sector 93A"),
        ("Sector 62 a quiet flat", "Sector 62"),
        ("Sector 999, Sector 62", "Sector 62"),
        ("Sector 30, near Delhi Public School", "Sector 30"),
    ],
)
def test_the_sector_is_told_from_what_stands_around_it(text, locality):
    assert find_place(text) == LOCALITIES[locality]


@given(st.text())
def test_any_text_is_a_place_or_none(text):
    assert isinstance(find_place(text), SectorFact | Outside | None)
