"""Summary row of a copy, for the CSV summary and the HTML index of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qc.judge.ranking import margin_mm, shows
from qc.model import Inspection
from qc.report.csv_text import Number, csv_text
from qc.report.words import lost

COLUMNS = ("copy", "outcome", "refund", "route", "margin_mm", "exit", "message", "decided", "by", "stale")
"""Of summary.csv; `stale` is 1 or 0 where somebody decided."""


@dataclass(frozen=True)
class Row:
    """What the summary says of a copy; `outcome` is empty where it could not be inspected.

    `shows` are the rules of severity defect that it is outside of or that are undecided, the gravest first. `report` is
    the path of its report. `decided` is the outcome that a person (`by`) decided, empty where nobody did; `stale` says that the
    scans changed since. `waits` is whether a person is to decide, `scan_again` whether one asked for new scans, and `lost` that the
    copy is claimed so and nothing was scanned.
    """

    copy: str
    outcome: str
    refund: str
    route: str
    margin_mm: float | None
    exit: int
    message: str
    isbn: str = ""
    title: str = ""
    shows: tuple[str, ...] = ()
    report: str = ""
    policy: str = ""
    decided: str = ""
    by: str = ""
    stale: bool | None = None
    waits: bool = False
    scan_again: bool = False
    lost: bool = False


def row_of(inspection: Inspection, exit_code: int, report: str) -> Row:
    """The line of an inspected copy."""
    return Row(
        copy=inspection.copy.id,
        outcome=str(inspection.verdict.outcome),
        refund=inspection.refund.outcome,
        route=inspection.refund.route,
        margin_mm=margin_mm(inspection.verdict.outcome, inspection.findings),
        exit=exit_code,
        message=inspection.verdict.summary,
        isbn=inspection.copy.isbn or "",
        title=inspection.copy.title or "",
        shows=shows(inspection.findings),
        policy=f"{inspection.policy.id} {inspection.policy.version}",
        report=report,
        waits=inspection.refund.outcome == "review",
        lost=lost(inspection),
    )


def not_inspected(copy: str, code: int, message: str) -> Row:
    """The line of a copy that could not be inspected."""
    return Row(copy, "", "", "", None, code, message, waits=True)


def shared(rows: Sequence[Row]) -> Mapping[str, str]:
    """By id of a copy, how many of the copies of its title show what it shows: ``"4 of 9 show it"``.

    Only inspected copies count; a title with one of them, and a copy that shows nothing, are left out.
    """
    titles: dict[str, list[Row]] = {}
    for row in rows:
        if row.outcome and (row.isbn or row.title):
            titles.setdefault(row.isbn.replace("-", "").replace(" ", "") or row.title, []).append(row)
    said = {}
    for group in titles.values():
        for row in group:
            if len(group) > 1 and row.shows:
                alike = sum(row.shows[0] in other.shows for other in group)
                said[row.copy] = f"{alike} of {len(group)} show it"
    return said


def summary_csv(rows: Iterable[Row]) -> str:
    """The table as CSV with a header; no cell begins like a formula."""
    return csv_text([COLUMNS, *map(_cells, rows)])


def _cells(r: Row) -> tuple[Any, ...]:
    margin = None if r.margin_mm is None else Number(f"{r.margin_mm:.3f}")
    stale = None if r.stale is None else int(r.stale)
    return r.copy, r.outcome, r.refund, r.route, margin, r.exit, r.message, r.decided, r.by, stale


def time_left(seconds: float, done: int, total: int) -> str:
    """How long the rest takes at the pace so far, in words; empty before and after."""
    left = seconds / done * (total - done) if done else 0.0
    if not left:
        return ""
    if left < 90:
        return f"about {left:.0f} s left"
    minutes = round(left / 60)
    return f"about {minutes} min left" if minutes < 120 else f"about {minutes / 60:.1f} h left"
