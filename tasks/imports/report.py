"""What became of every row of a file, for machines and for people."""

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
"""Findings that a terminal shows; the report file has them all."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a row, or one of its columns, was not used, or should be looked at."""

    line: int
    code: str
    message: str
    column: str | None = None
    first_line: int | None = None
    """Of the row that a duplicate repeats."""

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
    """What the database made of some good rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Issue, ...] = ()
    noted: tuple[Issue, ...] = ()
    """Of rows that were used."""

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
    """Rows that were not used, by the first thing that was wrong with each; and what was noted of others."""
    issues: list[Issue] = field(default_factory=list)

    def take_in(self, size: int, turned_away: list[list[Issue]], noted: Iterable[Issue] = ()) -> None:
        """Count rows of the file; those that are good are told of by `count`."""
        self.rows += size
        self.note(noted)
        for issues in turned_away:
            self.turn_away(issues)

    def count(self, written: Written) -> None:
        self.created += written.created
        self.updated += written.updated
        self.unchanged += written.unchanged
        for issue in written.refused:
            self.turn_away([issue])
        self.note(written.noted)

    def note(self, noted: Iterable[Issue]) -> None:
        """Of rows that are used all the same."""
        for issue in noted:
            self.codes[issue.code] += 1
            self.issues.append(issue)

    def turn_away(self, issues: list[Issue]) -> None:
        """Note a row that is not used, with all that is wrong with it."""
        first = issues[0].code
        self.codes[first] += 1
        if first == "duplicate":
            self.duplicates += 1
        else:
            self.rejected += 1
        self.issues += issues

    def as_json(self, most_issues: int | None = None) -> dict[str, Any]:
        """JSON-ready; lines are those of the file, counted from 1."""
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
    """The report for a terminal: the counts, and the first findings of each code."""
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
        # As Text, for a file's brackets are not markup.
        table.add_row(str(issue.line), Text(issue.column or ""), issue.code, Text(issue.message))
    return table
