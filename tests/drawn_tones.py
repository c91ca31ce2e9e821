"""The tones of a drawn page measured as the pipeline does: among the other pages of its copy, the lamp taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drawn_page import Book, Measured

from qc.features.lamp import lamp_taken_out
from qc.features.tiles import PageTiles, ScannedPage
from qc.features.tone_curve import bare_paper, tone_curve
from qc.flags import Flag
from qc.geometry import Side, side_of
from qc.measure.color_difference import color_difference
from qc.measure.context.copy_context import CopyContext
from qc.measure.context.imprint_page import ImprintPage
from qc.measure.context.observing import observe_copy
from qc.measure.context.page_sides import Sides
from qc.measure.missing_print import missing_print
from qc.model import BookCopy, Observation, PageKind, PageRecord, Role, Where
from qc.reference.find import Reference
from qc.register.page_result import PageResult
from qc.synthetic import Cut, Print, Scanner

FEWEST_PAGES = 4
_drawn: dict[tuple[Path, int, Print, Cut, Scanner], Measured] = {}


def drawn(book: Book, page: int, printed: Print, cut: Cut, scanner: Scanner) -> Measured:
    """That page, drawn and examined once however many copies it is a page of."""
    key = (book.folder, page, printed, cut, scanner)
    if key not in _drawn:
        _drawn[key] = book.measure(page, printed, cut, scanner)
    return _drawn[key]


@dataclass(frozen=True)
class Toned:
    """A page of a copy; `tiles` as an even lamp would show them, None where it has none."""

    measured: Measured
    tiles: PageTiles | None
    color: Observation
    missing: Observation | None

    @property
    def result(self) -> PageResult:
        return self.measured.result


def toned(
    book: Book, page: int, printed: Print, others: Print, cut: Cut, scanner: Scanner, pages: Sequence[int]
) -> Toned:
    """Page `page` printed as `printed` says, in a copy whose other `pages` are printed as `others` says."""
    measured = drawn(book, page, printed, cut, scanner)
    results = [measured.result]
    results += [drawn(book, n, others, cut, scanner).result for n in pages if n != page]
    even = lamp_taken_out([scanned_page(r) for r in results if r.tiles is not None])
    assert len(even) >= FEWEST_PAGES, "too few pages to know the tones of the copy from"
    seen = next((p for p in even if p.position == measured.result.job.position), None)
    tiles = seen.tiles if seen is not None else None
    job, no_tone = measured.result.job, measured.result.no_tone
    color = color_difference(tiles, job.position, (job.scan.name, job.scan.frame), no_tone, book.reference.u_color)
    missing = missing_print(seen, tone_curve(even), bare_paper(even)) if seen is not None else None
    return Toned(measured, tiles, color, missing)


def scanned_page(result: PageResult) -> ScannedPage:
    """A registered page as the measures of tone take it."""
    assert result.tiles is not None and result.to_scan is not None and result.registration is not None
    to_scan, position = result.to_scan.after(result.registration.to_px), result.job.position
    recto = side_of(result.reference_page or position) is not Side.VERSO
    return ScannedPage(position, (result.job.scan.name, result.job.scan.frame), result.tiles, to_scan, recto)


def tones_of(book: Book, results: Sequence[PageResult]) -> list[Observation]:
    """All observations of tone of a copy of these pages, which lie in the copy as they are given here."""
    placed = [replace(r, job=replace(r.job, position=n)) for n, r in enumerate(results, 1)]
    copy = BookCopy("RMA-1", book.folder, tuple(r.job.scan for r in placed))
    records = tuple(record_of(r) for r in placed)
    context = copy_context(copy, placed, records, book.reference)
    observe_copy(context, ["tone"])
    return context.observations


def copy_context(
    copy: BookCopy, pages: Sequence[PageResult], records: Sequence[PageRecord], reference: Reference
) -> CopyContext:
    """A copy as its measures of tone see it: nothing read, all sides as a book is made."""
    names = tuple(side_of(p.job.position) for p in pages)
    sides = Sides(names, tuple(n is Side.RECTO for n in names))
    nothing = ImprintPage(None, Where(), None, Flag.NO_IMPRINT, 0, (), Flag.NO_COVER)
    return CopyContext(copy, tuple(pages), tuple(records), reference, sides, nothing)


def record_of(result: PageResult) -> PageRecord:
    """What the page was taken for: its place is that of its registration."""
    kind = PageKind.CONTENT if result.registration or result.ink is None else result.ink.kind
    number, scan = result.reference_page, result.job.scan
    side = side_of(number or result.job.position)
    return PageRecord(scan.name, scan.frame, Role.PAGE, number, side, kind, "", None, None, False)
