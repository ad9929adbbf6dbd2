"""Every row is either accepted or rejected."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.imports.intake import BatchReader
from tasks.imports.reader import Problem, RawRow
from tasks.imports.rows import Row, RowReader
from tests.tasks.imports.foreign_files import FLATS

CELLS = st.tuples(
    st.sampled_from(["Sector 62, Noida", "sec 62", "Sigma 4, Noida", "Elsewhere", ""]),
    st.sampled_from(["600 ", "600 sqft", "40 ", "?"]),
    st.sampled_from(["2 ", "3 ", ""]),
    st.sampled_from([" 45 L", " 0.45 Cr", " 50 L", "?"]),
)
RAGGED = st.just(Problem("ragged_row", "has 2 cells under 5 headers"))


@given(st.lists(CELLS | RAGGED, max_size=40))
def test_each_row_has_one_fate_and_no_property_comes_twice(cells):
    rows = (RawRow(line, row) for line, row in enumerate(cells, start=2))
    batches = list(BatchReader(RowReader(FLATS)).batches(rows))
    good = [row for batch in batches for row in batch.rows]
    bad = [issues for batch in batches for issues in batch.unused]
    lines = [row.line for row in good] + [issues[0].line for issues in bad]
    assert sorted(lines) == list(range(2, len(cells) + 2))
    assert len({row.fingerprint for row in good}) == len(good)


@given(CELLS)
def test_a_repetition_names_the_first_row_whatever_became_of_it(cells):
    intake = BatchReader(RowReader(FLATS))
    first = intake.read_row(RawRow(2, cells))
    [again] = intake.read_row(RawRow(9, cells))
    assert isinstance(first, Row) or first[0].code != "duplicate"
    assert (again.line, again.code, again.first_line) == (9, "duplicate", 2)
