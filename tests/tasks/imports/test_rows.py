"""The values of a row's cells, and each reason for which a row is rejected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.imports.mapping import Mapping, load_mapping, read_mapping
from tasks.imports.rows import Row, RowReader

EVERYTHING = """
unknown = ["NA"]
[constants]
listing_type = "sale"
[fields]
locality = "place"
property_type = { column = "type", values = { Flat = "apartment" } }
area = [{ column = "carpet", basis = "carpet" }, { column = "area" }]
price = "price"
bhk = { column = "bhk", unknown = ["> 10"] }
floor = "floor"
facing_direction = "facing"
furnishing_status = "furnishing"
bathrooms = "bathrooms"
latitude = "lat"
longitude = "lon"
title = "title"
society = "society"
possession_status = { column = "status", pattern = "(Poss|.+)", values = { Poss = "under_construction" } }
[places]
"Old Mill" = "Sector 93A"
"""
MAPPING = read_mapping(EVERYTHING)
CELLS = {"place": "Sector 62", "type": "Flat", "area": "1500", "price": "80 L"}
VALUES = {
    "listing_type": "sale",
    "area_basis": "super",
    "locality": "Sector 62",
    "sector": "62",
    "property_type": "apartment",
    "area_sqft": 1500,
    "price": 8_000_000,
}


def read(mapping: Mapping = MAPPING, **cells: str) -> Any:
    """Return the values of a row, or the (column, code) of its problems."""
    named = CELLS | cells
    row = RowReader(mapping).read(2, tuple(named.get(column, "") for column in mapping.columns))
    return row.values if isinstance(row, Row) else [(problem.column, problem.code) for problem in row]


def test_a_row_says_only_what_its_cells_say():
    assert read() == VALUES


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ({"floor": "6 out of 26"}, {"floor_number": 6, "total_floors": 26}),
        ({"floor": "Ground out of 4"}, {"floor_number": 0, "total_floors": 4}),
        ({"floor": "Upper Basement out of 3"}, {"floor_number": -1, "total_floors": 3}),
        ({"floor": "5th floor"}, {"floor_number": 5}),
        ({"floor": "3/4,"}, {"floor_number": 3, "total_floors": 4}),
        ({"facing": "North - East"}, {"facing_direction": "north_east"}),
        ({"facing": "South -West"}, {"facing_direction": "south_west"}),
        ({"furnishing": "Semi-Furnished"}, {"furnishing_status": "semi_furnished"}),
        ({"bhk": " 2.5 BHK "}, {"bhk": 2.5}),
        ({"bhk": "1 RK"}, {"bhk": 0.5}),
        ({"bhk": "> 10"}, {}),
        ({"bathrooms": "NA"}, {}),
        ({"bathrooms": "2.0,"}, {"bathrooms": 2}),
        ({"carpet": "100 sqyrd"}, {"area_sqft": 900, "area_basis": "carpet"}),
        ({"carpet": "na"}, {}),
        ({"lat": "28.61", "lon": "77.36"}, {"latitude": 28.61, "longitude": 77.36}),
        ({"title": " Quiet flat, "}, {"title": "Quiet flat"}),
        ({"society": "Garden Court"}, {"society": "Garden Court"}),
        ({"society": "Sector 62 RWA"}, {}),  # an address in the wrong column
        ({"status": "Poss. by Dec '27"}, {"possession_status": "under_construction"}),
        ({"status": "Ready to Move"}, {"possession_status": "ready_to_move"}),
        ({"title": "Owner\u0092s flat\u000b"}, {"title": "Owner’s flat"}),
        *(({"society": nothing, "bathrooms": nothing}, {}) for nothing in ("NaN", "NULL", "#REF!", "#n/a")),
        ({"lat": "0", "lon": "0.000"}, {}),
        ({"place": "Sector-93 A, Noida,"}, {"locality": "Sector 93A", "sector": "93A"}),
        ({"place": "Old Mill, Noida"}, {"locality": "Sector 93A", "sector": "93A"}),
    ],
)
def test_a_cell_is_understood(cells, values):
    assert read(**cells) == VALUES | values


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        ({"place": "Sigma 4, Noida", "price": "?"}, [("place", "outside_noida")]),
        ({"place": "Riverside Colony, Noida"}, [("place", "unknown_locality")]),
        ({"place": " , "}, [("place", "missing")]),
        ({"area": "NA"}, [("carpet", "missing")]),
        ({"price": "on request"}, [("price", "unreadable")]),
        ({"price": "499"}, [("price", "out_of_range")]),
        ({"price": "650.000"}, [("price", "unreadable")]),
        ({"price": "#REF!"}, [("price", "missing")]),
        ({"lat": "0", "lon": "77.36"}, [(None, "contradiction")]),
        ({"price": "10001 Cr"}, [("price", "out_of_range")]),
        ({"area": "big"}, [("area", "unreadable")]),
        ({"area": "49"}, [("area", "out_of_range")]),
        ({"bhk": "2.3"}, [("bhk", "unreadable")]),
        ({"bhk": "21"}, [("bhk", "out_of_range")]),
        ({"type": "Castle"}, [("type", "unknown_value")]),
        ({"facing": "up"}, [("facing", "unknown_value")]),
        ({"status": "Sold out"}, [("status", "unknown_value")]),
        ({"bathrooms": "two"}, [("bathrooms", "unreadable")]),
        ({"floor": "attic"}, [("floor", "unreadable")]),
        ({"floor": "7 out of 6"}, [(None, "contradiction")]),
        ({"floor": "1 out of 101"}, [("floor", "out_of_range")]),
        ({"lat": "28.61"}, [(None, "contradiction")]),
        ({"lat": "north", "lon": "77.36"}, [("lat", "unreadable"), (None, "contradiction")]),
        ({"lat": "12.97", "lon": "77.59"}, [("lat", "out_of_range"), (None, "contradiction")]),
        ({"type": "plot", "bhk": "3"}, [(None, "contradiction")]),
        ({"title": "x" * 201}, [("title", "too_long")]),
        ({"price": "?", "area": "?"}, [("area", "unreadable"), ("price", "unreadable")]),
    ],
)
def test_a_row_that_cannot_be_used_says_why(cells, problems):
    assert read(**cells) == problems


EXPORT = load_mapping("casabricks")
EXPORTED = {
    "external_ref": "A1",
    "locality": "Sector 62",
    "property_type": "apartment",
    "listing_type": "sale",
    "super_area_sqft": "900",
    "price": "9000000",
}


def read_export(**cells: str) -> Row | list[tuple[str | None, str]]:
    named = EXPORTED | cells
    row = RowReader(EXPORT).read(2, tuple(named.get(column, "") for column in EXPORT.columns))
    return row if isinstance(row, Row) else [(problem.column, problem.code) for problem in row]


@pytest.mark.parametrize(
    "cells",
    [
        {"external_ref": "REF-9,"},
        {"title": "Quiet;", "society": "Vasundhara Residency", "description": "Sea view,\n;"},
        {"society": "Sector 62 RWA"},
    ],
)
def test_an_export_of_our_own_means_what_it_says(cells):
    row = read_export(**cells)
    assert isinstance(row, Row)
    assert {name: row.values[name] for name in cells} == cells


@pytest.mark.parametrize("reference", ["1.23457E+17", "9e+11"])
def test_a_reference_that_a_spreadsheet_rounded_is_refused(reference):
    assert read_export(external_ref=reference) == [("external_ref", "rounded")]


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        ({}, []),
        ({"price": "650"}, ["is a sale at ₹650 for 900 sqft"]),
        ({"listing_type": "rent", "price": "30000"}, []),
        ({"listing_type": "rent"}, ["is a rent at ₹90 L for 900 sqft"]),
        ({"price": "1000 Cr"}, ["is a sale at ₹1,000 Cr for 900 sqft"]),
    ],
)
def test_a_price_that_is_hardly_meant_is_noted(cells, notes):
    row = read_export(**cells)
    assert isinstance(row, Row)
    assert [note.message for note in row.notes] == notes


def test_another_city_is_outside_whatever_its_sector():
    mapping = load_mapping("magicbricks_delhi_ncr")
    headline = "3 BHK Flat for Sale in Green Court, Sector 62, Noida"
    row = {"Name": headline, "Price": "8000000", "total_area": "1500.25", "location": " Green Court"}
    assert read(mapping, **row, city="Gurgaon") == [("city", "outside_noida")]
    assert read(mapping, **row, city="Noida") == VALUES | {"bhk": 3.0, "society": "Green Court"}


def test_a_studio_and_a_house_of_more_than_ten_bedrooms_have_no_bhk():
    mapping = load_mapping("magicbricks_delhi_ncr")
    row = {"Price": "8000000", "total_area": "1500", "city": "Noida"}
    assert [
        read(mapping, **row, Name=f"{headline} for Sale in Sector 62, Noida")
        for headline in (" Studio Apartment", "> 10 BHK House")
    ] == [VALUES | {"property_type": "studio"}, VALUES | {"property_type": "independent_house"}]


def fingerprint(**cells: str) -> str:
    named = CELLS | cells
    row = RowReader(MAPPING).read(2, tuple(named.get(column, "") for column in MAPPING.columns))
    assert isinstance(row, Row)
    return row.fingerprint


def test_the_fingerprint_is_of_what_a_row_says_and_not_of_its_spelling():
    same = fingerprint(place="sec-62, Noida", price="0.8 Cr", area=" 1,500 sqft", bhk="NA")
    assert same == fingerprint()
    assert same != fingerprint(price="81 L")


@given(st.lists(st.text(max_size=30), min_size=len(MAPPING.columns), max_size=len(MAPPING.columns)))
def test_any_cells_give_a_row_or_problems(cells):
    read_row = RowReader(MAPPING).read(2, tuple(cells))
    assert read_row if isinstance(read_row, list) else read_row.values["locality"]
