"""Reads a foreign file row by row in bounded memory; a bad row becomes a finding and reading goes on."""

import csv
import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from domain.security.spreadsheets import plain_cell
from schemas.errors import InvalidRequest
from schemas.texts import ENDS
from tasks.imports.mapping import Mapping

LONGEST_ROW = 64 * 1024
"""Characters, six times the longest description; stops an unclosed quote from swallowing the file."""
MARK = "\ufeff"
"""Byte order mark; a file may start with two if two programs each wrote one."""
END_OF_FILE = "\x1a"
"""The end-of-file character of DOS."""
BLANK = ENDS + END_OF_FILE

# Postgres and the index accept neither NUL nor lone surrogates; undecodable bytes are read as surrogates.
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A line that a spreadsheet may write before the header to name the delimiter.
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?[ ,;]*\r?\n', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or one of its columns, cannot be used."""

    code: str
    message: str
    column: str | None = None


Cells = tuple[str, ...]
"""A row's cells in the order of the map's columns."""


@dataclass(frozen=True, slots=True)
class RawRow:
    line: int
    """The line of the file where the row begins, counted from 1."""
    cells: Cells | Problem


class BrokenRow(Exception):
    """A row that cannot be split into cells."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)


class Lines:
    """A file's physical lines; lines taken for a row that turns out broken can be given back."""

    def __init__(self, file: TextIO, number: int = 0) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self.number = number
        """Number of the last line taken."""

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self._size > LONGEST_ROW:
            raise BrokenRow(
                "bad_quoting", f"has a quoted cell that runs over more than {LONGEST_ROW:,} characters"
            )
        line = self._returned.popleft() if self._returned else self._read()
        self._taken.append(line)
        self._size += len(line)
        self.number += 1
        return line

    def _read(self) -> str:
        line = self._file.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        if len(line) == LONGEST_ROW and not line.endswith("\n"):
            self._skip_to_next_line()
            self._taken.append("")
            self.number += 1
            raise BrokenRow("too_long", f"is longer than {LONGEST_ROW:,} characters")
        return line.rstrip(END_OF_FILE)

    def _skip_to_next_line(self) -> None:
        while (rest := self._file.readline(LONGEST_ROW)) and not rest.endswith("\n"):
            pass

    def begin_row(self) -> None:
        self._taken.clear()
        self._size = 0

    def give_back_all_but_first(self) -> None:
        self._returned.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken) - 1


def fingerprint_of_file(source: Path) -> str:
    """Return the SHA-256 of the file's bytes, by which an interrupted import finds its job."""
    try:
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise _unreadable(source, problem) from problem


def count_lines(source: Path) -> int:
    """Count the lines of a file, roughly its rows: accurate enough for a progress bar."""
    try:
        with source.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(partial(file.read, 1 << 20), b""))
    except OSError as problem:
        raise _unreadable(source, problem) from problem


@contextmanager
def open_rows(source: Path, mapping: Mapping) -> Iterator[Iterator[RawRow]]:
    """Open a file and yield its rows.

    Raises:
        InvalidRequest: the file cannot be opened, is not text, or lacks columns of the map.
    """
    # "utf-8-sig" keeps the byte order mark out of the first column's name. Undecodable bytes are kept as
    # surrogates, so that their row can be reported.
    encoding = "utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding
    try:
        file = source.open(encoding=encoding, errors="surrogateescape", newline="")
    except OSError as problem:
        raise _unreadable(source, problem) from problem
    with file:
        start = file.read(4096)
        if "\0" in start:
            raise InvalidRequest(f"{source} is not a text file in {mapping.encoding}.")
        file.seek(0)
        marks = len(start) - len(start.lstrip(MARK))
        file.read(marks)
        separator = _SEPARATOR.match(start, marks)
        if separator:
            file.readline()
        lines = Lines(file, number=1 if separator else 0)
        if mapping.format == "jsonl":
            yield _checked(_json_rows(lines, mapping.columns))
        else:
            delimiter = separator[1] if separator else mapping.delimiter
            yield _checked(_csv_rows(lines, delimiter, mapping, source))


def _unreadable(source: Path, problem: OSError) -> InvalidRequest:
    return InvalidRequest(f"{source} cannot be read: {problem.strerror}.")


def _checked(rows: Iterator[RawRow]) -> Iterator[RawRow]:
    for row in rows:
        problem = None if isinstance(row.cells, Problem) else _bad_character(row.cells)
        yield RawRow(row.line, problem) if problem else row


def _bad_character(cells: Cells) -> Problem | None:
    joined = "\n".join(cells)
    if _SURROGATE.search(joined):
        return Problem("bad_encoding", "holds bytes that are not text in the file's encoding")
    if "\0" in joined:
        return Problem("control_character", "holds a NUL")
    return None


def _csv_rows(lines: Lines, delimiter: str, mapping: Mapping, source: Path) -> Iterator[RawRow]:
    found = _records(lines, lambda: csv.reader(lines, delimiter=delimiter, strict=True))
    records = ((line, record) for line, record in found if isinstance(record, Problem) or not _blank(record))
    header = next(records, None)
    pick = _picker(header[1] if header else [], mapping, source)
    return (RawRow(line, record if isinstance(record, Problem) else pick(record)) for line, record in records)


def _blank(record: list[str]) -> bool:
    """Return whether all cells are empty: rows emptied in a spreadsheet are saved as commas only."""
    return not any(cell.strip(BLANK) for cell in record)


def _records(
    lines: Lines, open_reader: Callable[[], Iterator[list[str]]]
) -> Iterator[tuple[int, list[str] | Problem]]:
    reader = open_reader()
    while True:
        first = lines.number + 1
        lines.begin_row()
        try:
            yield first, next(reader)
        except StopIteration:
            return
        except (BrokenRow, csv.Error) as broken:
            # Lines swallowed by an open quote are most likely rows, so they are read again.
            lines.give_back_all_but_first()
            yield first, _problem_of(broken)


def _problem_of(broken: BrokenRow | csv.Error) -> Problem:
    if isinstance(broken, BrokenRow):
        return broken.problem
    return Problem("bad_quoting", f"cannot be told apart into cells: {broken}")


def _picker(
    header: list[str] | Problem, mapping: Mapping, source: Path
) -> Callable[[list[str]], Cells | Problem]:
    """Return a function that picks the map's columns from a record."""
    if isinstance(header, Problem):
        raise InvalidRequest(f"The first line of {source} {header.message}.")
    names = [name.strip() for name in header]
    positions = [_position(names, column, source) for column in mapping.columns]

    def pick(record: list[str]) -> Cells | Problem:
        if any(cell.strip() for cell in record[len(names) :]):
            return Problem("ragged_row", f"has {len(record)} cells under {len(names)} headers")
        # Spreadsheets drop the empty cells at the end of a row.
        cells = [record[position] if position < len(record) else "" for position in positions]
        return tuple(map(plain_cell, cells)) if mapping.guarded else tuple(cells)

    return pick


def _position(names: list[str], column: str, source: Path) -> int:
    match Counter(names)[column.strip()]:
        case 1:
            return names.index(column.strip())
        case 0:
            there = ", ".join(repr(name) for name in names[:50])
            raise InvalidRequest(f"{source} has no column {column!r}; it has {there or 'none'}.")
        case _:
            raise InvalidRequest(f"{source} has more than one column {column!r}.")


def _json_rows(lines: Lines, columns: Cells) -> Iterator[RawRow]:
    while True:
        lines.begin_row()
        try:
            line = next(lines)
        except StopIteration:
            return
        except BrokenRow as broken:
            yield RawRow(lines.number, broken.problem)
        else:
            if line.strip(BLANK):
                yield RawRow(lines.number, _json_cells(line, columns))


def _json_cells(line: str, columns: Cells) -> Cells | Problem:
    try:
        # Numbers are kept as text, so that a price does not pass through a float.
        row = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return Problem("bad_json", "is not JSON")
    if not isinstance(row, dict):
        return Problem("bad_json", "is not a JSON object")
    nested = next((column for column in columns if isinstance(row.get(column), dict | list | bool)), None)
    if nested is not None:
        return Problem("bad_json", "is neither text nor a number", nested)
    return tuple(_text(row.get(column)) for column in columns)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
