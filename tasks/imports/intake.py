"""Reads a file in batches and sorts its rows: good ones to load, the others with their issues."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from tasks.imports.reader import Cells, Problem, RawRow
from tasks.imports.report import Issue
from tasks.imports.rows import BLANKS, Row, RowReader, fingerprint

ROWS_PER_BATCH = 1000
"""Per transaction: enough that its fixed costs do not matter, few enough that locks are short."""


@dataclass
class Batch:
    size: int
    """Number of rows read, used or not."""
    rows: list[Row] = field(default_factory=list)
    notes: list[Issue] = field(default_factory=list)
    """Notes on good rows."""
    unused: list[list[Issue]] = field(default_factory=list)


class BatchReader:
    """Finds repeated rows and references; it remembers 16 bytes and any reference for each row."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._lines: dict[bytes, int] = {}
        self._references: dict[str, int] = {}

    def batches(self, rows: Iterator[RawRow]) -> Iterator[Batch]:
        while raw := list(islice(rows, ROWS_PER_BATCH)):
            batch = Batch(len(raw))
            for row in raw:
                judged = self.read_row(row)
                if isinstance(judged, Row):
                    batch.rows.append(judged)
                    batch.notes += [_issue(row.line, note) for note in judged.notes]
                else:
                    batch.unused.append(judged)
            yield batch

    def read_row(self, raw: RawRow) -> Row | list[Issue]:
        if isinstance(raw.cells, Problem):
            return [_issue(raw.line, raw.cells)]
        read = self._reader.read(raw.line, raw.cells)
        # A bad row is reported once; its repetitions are reported as duplicates.
        says = read.fingerprint if isinstance(read, Row) else _fingerprint_of_cells(raw.cells)
        first = self._lines.setdefault(bytes.fromhex(says[:32]), raw.line)
        if first != raw.line:
            return [Issue(raw.line, "duplicate", f"repeats row {first}", first_line=first)]
        if isinstance(read, list):
            return [_issue(raw.line, problem) for problem in read]
        return self._conflicting_reference(read) or read

    def _conflicting_reference(self, row: Row) -> list[Issue] | None:
        """Reject a reference that repeats with other values: which row is right cannot be decided here."""
        reference = row.values.get("external_ref")
        if reference is None:
            return None
        first = self._references.setdefault(reference, row.line)
        if first == row.line:
            return None
        return [
            Issue(row.line, "conflicting_reference", f"has the reference of row {first}, and other values")
        ]


def _fingerprint_of_cells(cells: Cells) -> str:
    return fingerprint([cell.strip(BLANKS) for cell in cells])


def _issue(line: int, problem: Problem) -> Issue:
    return Issue(line, problem.code, problem.message, problem.column)
