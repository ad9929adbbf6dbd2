"""Input files as they are: after an invalid row, reading goes on with the next one."""

import json

import pytest

from schemas.errors import InvalidRequest
from tasks.imports.mapping import Mapping, read_mapping
from tasks.imports.reader import (
    LONGEST_ROW,
    Problem,
    count_lines,
    fingerprint_of_file,
    open_rows,
)

CSV = """
[constants]
listing_type = "sale"
property_type = "apartment"
[fields]
locality = "place"
area = "area"
price = "price"
"""
PRICES = read_mapping(CSV)
JSON = read_mapping('format = "jsonl"' + CSV)
GOOD = ("Sector 62", "900", "80 L")


def read(path, content: str | bytes, mapping: Mapping = PRICES) -> list[tuple[int, object]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path, mapping)


def read_rows(path, mapping: Mapping = PRICES) -> list[tuple[int, object]]:
    with open_rows(path, mapping) as rows:
        return [(row.line, row.cells.code if isinstance(row.cells, Problem) else row.cells) for row in rows]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "foreign.csv"


def test_columns_are_found_by_name_in_any_order(file):
    assert read(file, "price,x, area ,place\n80 L,?,900,Sector 62\n") == [(2, GOOD)]


def test_a_byte_order_mark_and_carriage_returns_are_no_content(file):
    assert read(file, "\ufeffplace,area,price\r\nSector 62,900,80 L\r\n\r\n") == [(2, GOOD)]


def test_quoted_cells_may_run_over_lines_and_lines_are_still_counted(file):
    content = 'place,area,price\n"Sector 62,\nNoida",900,80 L\nSector 62,900,80 L\n'
    assert read(file, content) == [(2, ("Sector 62,\nNoida", "900", "80 L")), (4, GOOD)]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"Sector 62,900,80 L,more", "ragged_row"),
        (b"Sector \x0062,900,80 L", "control_character"),
        (b"Sector \xff62,900,80 L", "bad_encoding"),
        (b'"Sector" 62,900,80 L', "bad_quoting"),
        (b'"Sector 62,900,80 L', "bad_quoting"),
        (b"S" * (LONGEST_ROW + 1) + b",900,80 L", "too_long"),
        (b"S" * (3 * LONGEST_ROW) + b",900,80 L", "too_long"),
    ],
)
def test_a_bad_row_is_told_and_the_next_one_is_read(file, bad, code):
    filler = b"Sector 62,900,80 L\n" * 300  # more than the sample by which text files are detected
    rows = read(file, b"place,area,price\n" + filler + bad + b"\nSector 62,900,80 L\n")
    assert rows[300:] == [(302, code), (303, GOOD)]


def test_extra_blank_cells_are_no_matter(file):
    assert read(file, "place,area,price\nSector 62,900,80 L,, ,\n") == [(2, GOOD)]


def test_an_open_quote_does_not_swallow_the_rows_below(file):
    rows = ["Sector 62,900,80 L"] * (LONGEST_ROW // 10)
    found = read(file, "\n".join(["place,area,price", '"Sector 62,900,80 L', *rows]) + "\n")
    assert found == [(2, "bad_quoting"), *((line, GOOD) for line in range(3, len(rows) + 3))]


def test_a_cell_may_run_over_as_many_lines_as_a_description_has_letters(file):
    text = "\n" * 10_000
    found = read(file, f'place,area,price\n"Sector 62{text}",900,80 L\nSector 62,900,80 L\n')
    assert found == [(2, (f"Sector 62{text}", "900", "80 L")), (10_003, GOOD)]


@pytest.mark.parametrize("blank", [",,", '"","",""', " ,\u00a0,\t", "", "\x1a"])
def test_a_blank_row_is_no_row(file, blank):
    content = f"place,area,price\n{blank}\nSector 62,900,80 L\n{blank}\n{blank}"
    assert read(file, content) == [(3, GOOD)]


def test_a_row_may_lack_its_last_cells(file):
    assert read(file, "place,area,price\nSector 62,900\nSector 62\n") == [
        (2, ("Sector 62", "900", "")),
        (3, ("Sector 62", "", "")),
    ]


def test_the_end_of_file_of_dos_is_no_part_of_the_last_cell(file):
    assert read(file, "place,area,price\nSector 62,900,80 L\x1a") == [(2, GOOD)]


@pytest.mark.parametrize("marks", ["", "\ufeff", "\ufeff\ufeff"])
@pytest.mark.parametrize(
    ("first", "sign"),
    [
        ("sep=,\r\n", ","),
        ("sep=;\n", ";"),
        ('"sep=,"\n', ","),
        ("SEP=\t\n", "\t"),
        ("sep=,,,\n", ","),
        ("", ","),
    ],
)
def test_a_spreadsheet_may_say_how_the_file_is_parted(file, marks, first, sign):
    lines = [sign.join(('"place"', "area", "price")), sign.join(GOOD)]
    assert read(file, marks + first + "\n".join(lines)) == [(3 if first else 2, GOOD)]


def test_a_mark_before_json_is_no_content(file):
    row = '{"place": "Sector 62", "area": 900, "price": "80 L"}'
    assert read(file, f"\ufeff\ufeff{row}", JSON) == [(1, GOOD)]


def test_an_endless_last_line_ends(file):
    assert read(file, "place,area,price\n" + "S" * (2 * LONGEST_ROW)) == [(2, "too_long")]


def test_a_file_in_another_encoding_is_read_by_its_map(file):
    mapping = read_mapping('encoding = "cp1252"\ndelimiter = ";"' + CSV)
    rows = read(file, "place;area;price\nSector 62 \u2013 Noida;900;80 L\n".encode("cp1252"), mapping)
    assert rows == [(2, ("Sector 62 \u2013 Noida", "900", "80 L"))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column 'place'; it has none"),
        (b"place,area\n", "has no column 'price'; it has 'place', 'area'"),
        (b"place,area,price,price\n", "has more than one column 'price'"),
        (b'"place,area,price\n', "first line of .* cannot be told apart"),
        (b"PK\x03\x04\x00\x00", "is not a text file in utf-8"),
        ("place,area,price\n".encode("utf-16"), "is not a text file in utf-8"),
    ],
)
def test_a_file_that_cannot_be_mapped_is_one_clear_error(file, content, message):
    with pytest.raises(InvalidRequest, match=message):
        read(file, content)


@pytest.mark.parametrize("reading", [count_lines, fingerprint_of_file, read_rows])
def test_a_file_that_is_not_there_is_one_clear_error(tmp_path, reading):
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        reading(tmp_path / "gone.csv")


def test_lines_are_counted_for_the_progress_bar(file):
    file.write_text("place,area,price\n" + "Sector 62,900,80 L\n" * 100_000)
    assert count_lines(file) == 100_001


def test_json_lines_keep_their_numbers_as_written(file):
    row = '{"place": "Sector 62", "area": 900, "price": 12345678901234567.89, "more": [1]}'
    assert read(file, f"{row}\n\n{row}", JSON) == [
        (1, ("Sector 62", "900", "12345678901234567.89")),
        (3, ("Sector 62", "900", "12345678901234567.89")),
    ]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("{", "bad_json"),
        ("[1]", "bad_json"),
        ("[" * 60_000, "bad_json"),
        ('{"place": ["Sector 62"]}', "bad_json"),
        ('{"place": true}', "bad_json"),
        ('{"place": "Sector \\u000062"}', "control_character"),
        ('{"place": "Sector \\ud80062"}', "bad_encoding"),
        ("S" * (LONGEST_ROW + 1), "too_long"),
    ],
)
def test_a_bad_json_line_is_told_and_the_next_one_is_read(file, bad, code):
    good = json.dumps({"place": "Sector 62", "area": "900", "price": "80 L"})
    assert read(file, f"{bad}\n{good}\n", JSON) == [(1, code), (2, GOOD)]


def test_a_json_row_without_a_column_says_nothing_there(file):
    assert read(file, '{"place": "Sector 62", "price": null}', JSON) == [(1, ("Sector 62", "", ""))]
