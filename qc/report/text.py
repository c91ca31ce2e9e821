"""Summary on the terminal; color only repeats the words, and the last line is the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

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
_OUTCOME_STYLE = {
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
        console.print(Text.assemble((f"{label:<13}", "dim"), words.one_line(text)), soft_wrap=True)

    head = [
        inspection.copy.id,
        inspection.copy.title,
        words.pages(inspection),
        words.reference(inspection.reference),
        words.scanner(inspection),
    ]
    console.print(Text(words.one_line(" · ".join(h for h in head if h))), soft_wrap=True)

    quiet = [f for f in inspection.findings if f.where.copies]
    ranked = by_gravity([f for f in inspection.findings if f not in quiet])
    within = [f for f in ranked if f.outcome is FindingOutcome.WITHIN]
    unmeasured = [f for f in ranked if f.outcome is FindingOutcome.NOT_JUDGED and f.value is None]
    shown = ranked if verbose else [f for f in ranked if f not in within and f not in unmeasured]
    if shown:
        console.print(_table(shown, k))
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
        ("Report", report_path),
    ):
        if text:
            say(label, text)
    outcome = inspection.verdict.outcome
    verdict = Text.assemble(
        (words.VERDICT[outcome], _VERDICT_STYLE[outcome]), "  ", words.one_line(inspection.verdict.summary)
    )
    console.print(verdict, soft_wrap=True)


def _to_rescan(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for scans in words.rescans(inspection.verdict.rescan):
        yield "To rescan", f"{scans.some}:"
        yield from (("", line) for line in (*scans.which, *scans.how))


def _table(findings: list[Finding], k: float) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("what", overflow="fold", min_width=16)
    table.add_column("where", overflow="fold", min_width=9)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("limit", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    for f, place in words.rows(findings):
        note = " (note)" if f.severity == "note" else ""
        table.add_row(
            Text(words.one_line(words.name(f))),
            Text(words.one_line(place)),
            Text(words.measured(f.value, f.u, f.unit, k, f.measure)),
            Text(words.limit(f)),
            Text(words.OUTCOME[f.outcome] + note, style=_OUTCOME_STYLE.get(f.outcome, "")),
        )
    return table
