"""Summary on the terminal; color only repeats the words, and the last line is the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qc.judge.next_step import next_step
from qc.judge.ranking import by_gravity
from qc.judge.sequence_words import how_scanned, sides_taken
from qc.model import Finding, FindingOutcome, Inspection, VerdictOutcome
from qc.report import words
from qc.report.cover_words import cover_line
from qc.report.not_looked_at import why_not_judged

_VERDICT_STYLE = {
    VerdictOutcome.DEFECT: "bold red",
    VerdictOutcome.NO_DEFECT: "bold green",
    VerdictOutcome.NEEDS_REVIEW: "bold yellow",
    VerdictOutcome.INSUFFICIENT_EVIDENCE: "bold magenta",
}
LABEL = 13
"""Width of the labels at the left."""
WHAT, WHERE = 16, 9
"""Least widths of the columns whose words may wrap."""
OUTCOME_STYLE = {
    FindingOutcome.OUTSIDE: "bold red",
    FindingOutcome.UNDECIDED: "yellow",
    FindingOutcome.NOT_JUDGED: "magenta",
}


def summary(inspection: Inspection, *, k: float, verbose: bool, report_path: str | None, console: Console) -> None:
    """Print what was found in a copy.

    Parameters
    ----------
    inspection : Inspection
    k : float
        Coverage factor of the policy; every uncertainty is printed as U = k·u.
    verbose : bool
        List the rules that are within or could not be measured, too; otherwise they are counted, or told with the reason.
    report_path : str or None
        Where the HTML report was written.
    console : rich.console.Console
        It obeys ``NO_COLOR`` and ``TERM=dumb``.

    Notes
    -----
    Names of files and titles come from strangers: they are printed as plain text, never as markup, and without
    control characters.
    """

    def say(label: str, text: str) -> None:
        say_beside(console, label, words.one_line(text))

    head = [
        inspection.copy.id,
        inspection.copy.title,
        words.pages(inspection),
        words.reference(inspection.reference),
        words.scanner(inspection),
    ]
    for line in wrapped(words.one_line(" · ".join(h for h in head if h)), console):
        console.print(Text(line), soft_wrap=True)

    found = words.judged(inspection)
    quiet = [f for f in found if f.where.copies]
    ranked = by_gravity([f for f in found if f not in quiet])
    within = [f for f in ranked if f.outcome is FindingOutcome.WITHIN]
    unmeasured = [f for f in ranked if f.outcome is FindingOutcome.NOT_JUDGED and f.value is None]
    shown = ranked if verbose else [f for f in ranked if f not in within and f not in unmeasured]
    if shown:
        _print_table(shown, k, console)
    if within and not verbose:
        more = "more " if shown else ""
        say(
            "",
            f"{len(within)} {more}{'result is' if len(within) == 1 else 'results are'} within the limits (-v shows them)",
        )

    for label, text in (
        ("Block", words.block(inspection, k)),
        ("Cover", cover_line(inspection)),
        ("Last pages", words.last_pages(inspection)),
        ("Imprint", words.imprint(inspection)),
        ("Cover ISBN", words.isbn(inspection)),
        *(("Not judged", reason) for reason in why_not_judged(ranked)),
        *_to_rescan(inspection),
        ("Scans", " ".join(how_scanned(inspection.observations, inspection.pages))),
        ("Sides", sides_taken(inspection.observations)),
        ("Not checked", ", ".join(inspection.verdict.not_checked)),
        ("Other copies", words.between_copies(inspection)),
        ("Refund", words.refund(inspection)),
        *(("", words.reason(r)) for r in inspection.refund.reasons),
        ("Next", next_step(inspection)),
        ("Report", report_path),
    ):
        if text:
            say(label, text)
    headline = words.headline(inspection)
    lines = wrapped(f"{headline}  {words.one_line(inspection.verdict.summary)}", console)
    style = _VERDICT_STYLE[inspection.verdict.outcome]
    console.print(Text.assemble((headline, style), lines[0].removeprefix(headline)), soft_wrap=True)
    for line in lines[1:]:
        console.print(Text(line), soft_wrap=True)


def say_beside(console: Console, label: str, text: str, label_style: str = "dim", style: str = "") -> None:
    """Print `text` beside a label, its further lines below its first."""
    first, *more = wrapped(text, console, LABEL)
    console.print(Text.assemble((f"{label:<{LABEL}}", label_style), (first, style)), soft_wrap=True)
    for line in more:
        console.print(Text(" " * LABEL + line, style), soft_wrap=True)


def wrapped(text: str, console: Console, beside: int = 0) -> list[str]:
    """Lines that fit on a terminal `beside` so many columns, words whole; one line elsewhere."""
    if not console.is_terminal:
        return [text]
    width = max(console.width - beside, 1)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _to_rescan(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for scans in words.rescans(inspection.verdict.rescan):
        yield "To rescan", f"{scans.some}:"
        yield from (("", line) for line in (*scans.which, *scans.how))


def _print_table(findings: Sequence[Finding], k: float, console: Console) -> None:
    """Findings in columns; on a narrow terminal whole columns are left out, and said to be."""
    columns = {
        "measured": [words.measured(f.value, f.u, f.unit, k, f.measure) for f, _ in words.rows(findings)],
        "limit": [words.limit(f) for f, _ in words.rows(findings)],
        "finding": [words.OUTCOME[f.outcome] + " (note)" * (f.severity == "note") for f, _ in words.rows(findings)],
    }
    room = console.width - WHAT - WHERE - 2
    left_out = []
    for name in ("limit", "measured"):
        if console.is_terminal and sum(max(map(cell_len, (n, *cells))) + 1 for n, cells in columns.items()) > room:
            left_out.append(name)
            del columns[name]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("what", overflow="fold", min_width=WHAT)
    table.add_column("where", overflow="fold", min_width=WHERE)
    for name in columns:
        table.add_column(name, justify="right" if name == "measured" else "left", no_wrap=True)
    for n, (f, place) in enumerate(words.rows(findings)):
        cells = {name: Text(column[n]) for name, column in columns.items()}
        cells["finding"].stylize(OUTCOME_STYLE.get(f.outcome, ""))
        table.add_row(Text(words.one_line(words.name(f))), Text(words.one_line(place)), *cells.values())
    console.print(table)
    if left_out:
        say_beside(console, "", f"left out, as the terminal is narrow: {' and '.join(reversed(left_out))}")
