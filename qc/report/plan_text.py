"""A plan on the terminal: a table of the scans, the facts, and last what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qc.judge.messages import ranges
from qc.model import BookCopy, PageKind, Role
from qc.plan.copy_plan import Plan, SeenScan
from qc.plan.remark import Remark
from qc.register.scan_order import AS_SCANNED
from qc.report import words
from qc.units import inches

_LABEL = {"rescan": ("Rescan", "bold red"), "add": ("Add", "yellow"), "check": ("Look at", "yellow")}
_LABEL_WIDTH = 13
_FEW = 3
"""Scans in a row that differ by their number only and still get a line each, where the table is folded."""


def show(plan: Plan, found: Sequence[Remark], *, fold: bool, console: Console) -> None:
    """Print how a copy was understood.

    Parameters
    ----------
    plan : Plan
    found : sequence of Remark
    fold : bool
        Put scans in a row that differ by their number only into one line.
    console : rich.console.Console

    Notes
    -----
    Names come from strangers: they are printed as plain text, never as markup, and without control characters.
    """
    copy = plan.copy
    pages = f"{len(plan.pages)} scanned page{'' if len(plan.pages) == 1 else 's'}"
    head = [copy.id, copy.title, pages, _reference(plan)]
    console.print(Text(words.one_line(" · ".join(h for h in head if h)), style="bold"))
    if plan.scans:
        console.print(_table(plan, fold))
    lines = Table.grid()
    lines.add_column(width=_LABEL_WIDTH, no_wrap=True)
    lines.add_column(overflow="fold")
    for label, text in _facts(plan):
        lines.add_row(Text(label, style="dim"), Text(words.one_line(text)))
    for remark in found:
        label, style = _LABEL[remark.kind]
        lines.add_row(Text(label, style=style), Text(words.one_line(remark.message)))
    console.print(lines)


def _reference(plan: Plan) -> str:
    known = words.reference(plan.reference_id)
    if plan.reference is None:
        return "no reference"
    trim = plan.reference.trim
    return f"{known}, {plan.reference.pages} pages, {inches(trim.width_mm):.4g} x {inches(trim.height_mm):.4g} in"


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    copy = plan.copy
    if stated := " · ".join(_stated(copy)):
        yield "Stated", stated
    if plan.pages:
        undone = "" if plan.order == AS_SCANNED else f"; scanned in the order {plan.order!r}, which is undone"
        yield "Order", f"by the {plan.order_from}{undone}{_turned(plan)}"
    if plan.not_scanned and plan.pages and not copy.scan.complete:
        named = f"reference page{'s' * (len(plan.not_scanned) > 1)} {ranges(plan.not_scanned)}"
        if any(_unclear(s, plan) for s in plan.pages):
            yield "Not seen", f"{named}, unless among the scans that were not recognized by their small pictures"
        else:
            yield "Not scanned", named
    if plan.scanner.profile is not None:
        yield "Scanner", plan.scanner.note
    if plan.reference_id.note and plan.reference is not None:
        yield "Reference", plan.reference_id.note
    if plan.passed_over:
        yield "Not read", ", ".join(plan.passed_over)


def _stated(copy: BookCopy) -> Iterator[str]:
    claim, scan = copy.claim, copy.scan
    if claim.reason:
        yield claim.reason
    if claim.ordered_isbn:
        yield f"ordered {claim.ordered_isbn}"
    for key, label in (
        ("received_on", "received"),
        ("notified_on", "loss notified"),
        ("claimed_on", "claimed"),
        ("content_updated_on", "content updated"),
        ("printed_on", "printed"),
    ):
        if day := getattr(claim, key):
            yield f"{label} {day}"
    if copy.pages_expected:
        yield f"{copy.pages_expected} pages expected"
    if scan.complete:
        yield "complete"
    if scan.bound:
        yield "bound"
    if scan.first_page != 1:
        yield f"first page {scan.first_page}"
    if scan.backing != "auto":
        yield f"backing {scan.backing}"
    if scan.spine != "bench":
        yield f"spine cut by the {scan.spine}"
    if scan.cover != "auto":
        yield f"cover {scan.cover}"


def _turned(plan: Plan) -> str:
    how = {1: "lying on their side", 2: "lying upside down", 3: "lying on their side"}.get(plan.usual_turns or 0)
    return f"; most pages were scanned {how}, and are turned" if how else ""


def _table(plan: Plan, fold: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("file", overflow="fold", min_width=12, max_width=44)
    table.add_column("is", no_wrap=True)
    table.add_column("dpi", overflow="fold")
    table.add_column("mm", no_wrap=True)
    table.add_column("tone", no_wrap=True)
    table.add_column("shows", overflow="fold", min_width=20)
    for run in _runs(plan.scans) if fold else [[s] for s in plan.scans]:
        first, last = run[0], run[-1]
        style = "red" if first.error else "yellow" if _odd(first, plan) else ""
        cells = _file(first, last), _is(first, last), _dpi(first), _mm(run), _tone(first), _shows(first, last, plan)
        table.add_row(*(Text(words.one_line(c), style=style) for c in cells))
    return table


def _file(first: SeenScan, last: SeenScan) -> str:
    """Name of the file; of a file of many pages, in the first line only."""
    start = f"… page {first.scan.frame + 1}" if first.scan.frame else first.name
    if first is last:
        return start
    return f"{start} … {last.name}" if first.scan.name != last.scan.name else f"{start} … page {last.scan.frame + 1}"


def _runs(scans: Sequence[SeenScan]) -> Iterator[list[SeenScan]]:
    """Scans in a row that say the same but for their numbers, where there are more than a few."""
    run: list[SeenScan] = []
    for scan in (*scans, None):
        if run and (scan is None or _alike(scan) != _alike(run[-1])):
            yield from [run] if len(run) > _FEW else [[s] for s in run]
            run = []
        if scan is not None:
            run.append(scan)


def _alike(scan: SeenScan) -> tuple[object, ...]:
    place = scan.looks_like or scan.record.reference_page
    step = place - scan.position if place and scan.position else None
    seen = (
        scan.record.kind,
        scan.looks_like is None,
        step,
        scan.record.upside_down,
        scan.turns,
        scan.options,
        scan.mirrored,
    )
    return scan.scan.role, _dpi(scan), _tone(scan), *seen, scan.same_as, scan.error


def _is(first: SeenScan, last: SeenScan) -> str:
    if first.scan.role is not Role.PAGE:
        return str(first.scan.role).replace("-", " ")
    return _numbers("page", first.position, last.position)


def _numbers(noun: str, first: int | None, last: int | None) -> str:
    return f"{noun} {first}" if first == last else f"{noun}s {first}-{last}"


def _dpi(scan: SeenScan) -> str:
    if scan.resolution is not None:
        x, y = scan.resolution.x_dpi, scan.resolution.y_dpi
        value = f"{x:.4g}" if x == y else f"{x:.4g} x {y:.4g}"
        return value if scan.dpi_from == "file" else f"{value} by {scan.dpi_from}"
    if scan.header is None:
        return ""
    claim = scan.header.claimed_dpi
    return f"not stated ({claim[0]:.4g})" if claim else "not stated"


def _mm(run: Sequence[SeenScan]) -> str:
    sizes = [s.size for s in run if s.size]
    if not sizes:
        return ""
    return f"{median(s.width_mm for s in sizes):.0f} x {median(s.height_mm for s in sizes):.0f}"


def _tone(scan: SeenScan) -> str:
    if scan.header is None:
        return ""
    return "1 bit" if scan.header.bits == 1 else "gray" if scan.header.gray else "color"


def _shows(first: SeenScan, last: SeenScan, plan: Plan) -> str:
    if first.error:
        return "cannot be used"
    if first.position is None:
        return first.scan.found
    if first.same_as:
        return f"same scan as {first.same_as}"
    parts = [_print(first, last, plan)]
    if first.record.upside_down:
        parts.append("upside down")
    elif first.turns % 2 and (plan.usual_turns or 0) % 2 == 0:
        parts.append("on its side")
    return ", ".join(parts)


def _print(first: SeenScan, last: SeenScan, plan: Plan) -> str:
    place = first.record.reference_page
    by_place = f" ({_numbers('reference page', place, last.record.reference_page)} by its place)" if place else ""
    match first.record.kind:
        case PageKind.BLANK:
            return f"blank{by_place}"
        case PageKind.IMPRINT:
            return "few lines, as of an imprint"
        case PageKind.FOLIO_ONLY if first.looks_like is None:
            return f"page number only{by_place}"
    if first.looks_like is not None:
        return _numbers("reference page", first.looks_like, last.looks_like)
    if plan.reference is None:
        return "print"
    if first.mirrored:
        return _numbers("reference page", first.mirrored, last.mirrored) + " in a mirror"
    if first.options:
        return f"reference page {' or '.join(map(str, first.options))}"
    return "print like several reference pages" if first.repeated else "not recognized by its small picture"


def _odd(scan: SeenScan, plan: Plan) -> bool:
    return bool(scan.position and (scan.same_as or scan.record.upside_down or _unclear(scan, plan)))


def _unclear(scan: SeenScan, plan: Plan) -> bool:
    """Whether a page with print was recognized as none of the reference."""
    return scan.record.kind is PageKind.CONTENT and scan.looks_like is None and plan.reference is not None
