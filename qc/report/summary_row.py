"""Summary row of a copy, for the CSV summary and the HTML index of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qc.judge.ranking import _SHOWS, by_gravity, deciding, margin_mm
from qc.model import Inspection


@dataclass(frozen=True)
class Row:
    """What the summary says of a copy; `outcome` is empty where it could not be inspected.

    `shows` are the rules of severity defect that it is outside of or that are undecided, the gravest first. `margin_mm`
    is None where another quantity than a length decides. `report` is the path of its report.
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


def row_of(inspection: Inspection, exit_code: int, report: str) -> Row:
    """The line of an inspected copy."""
    decides = deciding(inspection)
    shows = [f.rule for f in by_gravity(inspection.findings) if f.severity == "defect" and f.outcome in _SHOWS]
    return Row(
        copy=inspection.copy.id,
        outcome=str(inspection.verdict.outcome),
        refund=inspection.refund.outcome,
        route=inspection.refund.route,
        margin_mm=margin_mm(inspection.findings) if decides is None or decides.unit == "mm" else None,
        exit=exit_code,
        message=inspection.verdict.summary,
        isbn=inspection.copy.isbn or "",
        title=inspection.copy.title or "",
        shows=tuple(dict.fromkeys(shows)),
        report=report,
    )


def not_inspected(copy: str, code: int, message: str) -> Row:
    """The line of a copy that could not be inspected."""
    return Row(copy, "", "", "", None, code, message)


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


def time_left(seconds: float, done: int, total: int) -> str:
    """How long the rest takes at the pace so far, in words; empty before and after."""
    left = seconds / done * (total - done) if done else 0.0
    if not left:
        return ""
    if left < 90:
        return f"about {left:.0f} s left"
    minutes = round(left / 60)
    return f"about {minutes} min left" if minutes < 120 else f"about {minutes / 60:.1f} h left"
