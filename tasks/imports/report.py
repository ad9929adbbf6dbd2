"""The report of an import: the outcome of every row, as JSON and for a terminal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SHOWN_OF_A_CODE = 5
"""Findings of one code that the terminal shows; the report file has all of them."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a row or one of its columns was not used or needs a review."""

    line: int
    code: str
    message: str
    column: str | None = None
    first_line: int | None = None
    """Line of the row that a duplicate repeats."""

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "first_row": self.first_line,
        }


@dataclass(frozen=True)
class Written:
    """The outcome of writing good rows to the database."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Issue, ...] = ()
    noted: tuple[Issue, ...] = ()
    """Notes on rows that were written."""

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
            self.noted + other.noted,
        )


@dataclass
class Report:
    """Counts that add up: created + updated + unchanged + duplicates + rejected = rows."""

    filename: str
    dry_run: bool
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    """Counts by code: the first issue of each unused row, and every note on a used row."""
    issues: list[Issue] = field(default_factory=list)

    def add_batch(self, size: int, unused: list[list[Issue]], notes: Iterable[Issue] = ()) -> None:
        """Count rows read from the file and the unused ones among them; see also `add_written`."""
        self.rows += size
        self.add_notes(notes)
        for issues in unused:
            self.add_unused(issues)

    def add_written(self, written: Written) -> None:
        self.created += written.created
        self.updated += written.updated
        self.unchanged += written.unchanged
        for issue in written.refused:
            self.add_unused([issue])
        self.add_notes(written.noted)

    def add_notes(self, notes: Iterable[Issue]) -> None:
        """Add notes on rows that are used."""
        for issue in notes:
            self.codes[issue.code] += 1
            self.issues.append(issue)

    def add_unused(self, issues: list[Issue]) -> None:
        """Add a row that is not used, with all of its issues."""
        first = issues[0].code
        self.codes[first] += 1
        if first == "duplicate":
            self.duplicates += 1
        else:
            self.rejected += 1
        self.issues += issues

    def as_json(self, most_issues: int | None = None) -> dict[str, Any]:
        """Return the report ready for JSON; line numbers count from 1 in the file."""
        issues = sorted(self.issues, key=lambda issue: issue.line)
        return {
            "file": self.filename,
            "dry_run": self.dry_run,
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "codes": dict(sorted(self.codes.items())),
            "issues": [issue.as_json() for issue in issues[:most_issues]],
        }

    def write(self, path: Path) -> None:
        path.write_bytes(orjson.dumps(self.as_json(), option=orjson.OPT_INDENT_2))


def render(report: Report) -> RenderableType:
    """Render the report for a terminal: the counts, and the first findings of each code."""
    shown = [
        issue
        for code in report.codes
        if code != "duplicate"
        for issue in islice((issue for issue in report.issues if issue.code == code), SHOWN_OF_A_CODE)
    ]
    parts: list[RenderableType] = [_title(report), _counts(report)]
    if shown:
        parts.append(_issues(shown))
    more = report.codes.total() - report.duplicates - len(shown)
    if more > 0:
        parts.append(Text(f"{more:,} more: --report FILE writes them all"))
    return Group(*parts)


def _title(report: Report) -> Text:
    return Text(f"{report.filename} (dry run: nothing written)" if report.dry_run else report.filename)


def _counts(report: Report) -> Table:
    table = Table()
    table.add_column("rows")
    table.add_column(f"{report.rows:,}", justify="right")
    for name in ("created", "updated", "unchanged", "duplicates", "rejected"):
        table.add_row(name, f"{getattr(report, name):,}")
    for code, count in report.codes.most_common():
        if code != "duplicate":
            table.add_row(f"  {code}", f"{count:,}", style="dim")
    return table


def _issues(issues: list[Issue]) -> Table:
    table = Table("row", "column", "code", "reason")
    for issue in issues:
        # As Text, because brackets from the file must not be read as markup.
        table.add_row(str(issue.line), Text(issue.column or ""), issue.code, Text(issue.message))
    return table
