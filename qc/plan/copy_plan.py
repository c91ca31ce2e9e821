"""How the scans of a copy are understood, before it is inspected: from names, headers and small pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qc.errors import ScanError
from qc.geometry import Size
from qc.inputs import Opened
from qc.measure.context.sides import find_sides
from qc.model import BookCopy, PageKind, PageRecord, ReferenceId, Resolution, Role, ScanFile
from qc.pipeline import Progress, examine_pages, in_reading_order, page_records, print_shapes, with_proven_resolution
from qc.plan.glance import CLEAR_LEAD, glance_page, in_step
from qc.reference.find import Reference
from qc.register.alignment import Alignment, align
from qc.register.collate import ALIKE, find_places, usual_turns
from qc.register.covers_among_pages import take_out_covers
from qc.register.page_result import PageResult
from qc.register.recognize import Glance
from qc.register.scan_order import find_order
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import has_content
from qc.scan.copy_folder import files_passed_over
from qc.scan.image_file import ScanHeader, read_header
from qc.units import MM_PER_INCH

MOST_OPTIONS = 3
"""Reference pages named for a scan that fits several; more than these say nothing."""


@dataclass(frozen=True)
class SeenScan:
    """One scan as it was understood.

    Attributes
    ----------
    position : int or None
        Among the interior pages, 1-based; None for covers and the like.
    header : ScanHeader or None
        None where it cannot be read.
    resolution : Resolution or None
        The believed one; `dpi_from` says whether it is the file's, copy.toml's or that of the command line.
    record : PageRecord
        As an inspection would write it, as far as a glance tells.
    page : PageResult or None
        What was seen of an interior page.
    looks_like : int or None
        The reference page that fits clearly best.
    options : tuple of int
        Where none does, up to three that fit well and about alike.
    like_several : bool
        It fits several well, however many.
    repeated : bool
        Other pages of the reference look the same as the one it fits best: lined and dotted pages.
    mirrored : int or None
        The reference page that its mirror image looks like.
    turns : int
        Counterclockwise quarter turns that make it upright.
    same_as : str
        Name of an earlier scan with the very same picture.
    error : str
        Why it cannot be used.
    """

    scan: ScanFile
    position: int | None
    header: ScanHeader | None
    resolution: Resolution | None
    dpi_from: str
    record: PageRecord
    page: PageResult | None = None
    looks_like: int | None = None
    options: tuple[int, ...] = ()
    like_several: bool = False
    repeated: bool = False
    mirrored: int | None = None
    turns: int = 0
    same_as: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """Of the file, with the page where a file has several."""
        return f"{self.scan.name}, page {self.scan.frame + 1}" if self.scan.frame else self.scan.name

    @property
    def size(self) -> Size | None:
        """Of the image in mm, backing included."""
        if self.header is None or self.resolution is None:
            return None
        width, height = self.header.width_px / self.resolution.x_dpi, self.header.height_px / self.resolution.y_dpi
        return Size(width * MM_PER_INCH, height * MM_PER_INCH)


@dataclass(frozen=True)
class Plan:
    """A copy as it was understood.

    Attributes
    ----------
    reference : Reference or None
        None where there is none; `reference_id.note` then says why.
    scans : tuple of SeenScan
        In reading order, covers included.
    order_from : str
        Where the order of the scans comes from.
    order : str
        In which order of the book's pages they were scanned, in words.
    usual_turns : int or None
        Quarter turns that most pages need.
    alignment : Alignment or None
        Of the pages with the reference.
    not_scanned : tuple of int
        Reference pages with print that no scan shows.
    passed_over : tuple of str
        Files in its folder that are not read.
    """

    copy: BookCopy
    reference: Reference | None
    reference_id: ReferenceId
    scanner: Mapping[str, str | None]
    scans: tuple[SeenScan, ...]
    order_from: str
    order: str
    usual_turns: int | None
    alignment: Alignment | None
    not_scanned: tuple[int, ...]
    passed_over: tuple[str, ...]

    @property
    def pages(self) -> tuple[SeenScan, ...]:
        """The interior pages."""
        return tuple(s for s in self.scans if s.position is not None)

    @property
    def usable(self) -> bool:
        """Whether an inspection would find anything in it."""
        return self.copy.claim.reason == "lost" or not self.pages or any(not s.error for s in self.pages)


def plan_copy(
    opened: Opened, *, stated_dpi: float | None = None, threads: int = 1, progress: Progress | None = None
) -> Plan:
    """Look at every scan of a copy at a glance; nothing is measured and nothing written.

    Parameters
    ----------
    opened : Opened
    stated_dpi : float or None
        Resolution given on the command line, which `opened` has been given already.
    threads : int
        Pages looked at at the same time.
    progress : callable, optional
        Called with pages done and pages in all.

    Notes
    -----
    What is read of a page, how it is turned, matched and put in order is the code of the inspection, which then
    registers it: an inspection may name a page that a glance leaves open, or refuse one that a glance names.
    """
    copy, reference = opened.copy, opened.reference
    pages = with_proven_resolution(examine_pages(copy, reference, threads, progress, look=glance_page))
    if reference is not None and (shapes := print_shapes(pages, reference, threads)):
        again = examine_pages(copy, reference, threads, progress, look=glance_page, shapes=shapes)
        pages = with_proven_resolution(again)
    order = _order(pages, reference)
    copy, pages = _in_order(copy, pages, order)
    copy, _, pages = take_out_covers(copy, [Glance()] * len(pages), in_step(pages), reference)
    places = find_places(copy, pages, reference)
    sides = find_sides(copy, pages, places.pages, reference)
    by_scan = {page.job.scan: page for page in pages}
    records = [
        _placed(r, by_scan.get(scan), reference)
        for scan, r in zip(copy.scans, page_records(copy, pages, reference, places, sides), strict=True)
    ]
    alignment = None
    if reference is not None:
        interior = [r.reference_page for r in records if r.role is Role.PAGE]
        alignment = align(interior, has_content(reference.thumbnails()), index_of(reference).looks)
    scans = [
        _seen(copy, scan, by_scan.get(scan), record, reference, stated_dpi)
        for scan, record in zip(copy.scans, records, strict=True)
    ]
    return Plan(
        copy=copy,
        reference=reference,
        reference_id=reference.id if reference else ReferenceId("none", note=opened.note),
        scanner=opened.scanner,
        scans=tuple(_with_twins(scans)),
        order_from=_order_from(copy),
        order=order,
        usual_turns=usual_turns(pages),
        alignment=alignment,
        not_scanned=tuple(p for gap in alignment.gaps for p in gap.pages) if alignment else (),
        passed_over=tuple(files_passed_over(copy.path)),
    )


def _order(pages: Sequence[PageResult], reference: Reference | None) -> str:
    """In which order the pages were scanned, as an inspection finds it."""
    places = [p.reference_page for p in pages]
    if reference is None:
        return find_order(places)
    looks = index_of(reference).looks
    seen = [p.reference_page or (p.options[0].page if _repeated(p, reference) else None) for p in pages]
    return find_order(places, [looks[n - 1] if n else None for n in seen], looks)


def _in_order(copy: BookCopy, pages: Sequence[PageResult], order: str) -> tuple[BookCopy, list[PageResult]]:
    """The copy and its pages as they follow each other in the book."""
    glances = [Glance(p.reference_page) for p in pages]
    copy, _ = in_reading_order(copy, glances, order)
    by_scan = {p.job.scan: p for p in pages}
    return copy, [
        replace(by_scan[scan], job=replace(by_scan[scan].job, position=n)) for n, scan in enumerate(copy.pages, 1)
    ]


def _placed(record: PageRecord, page: PageResult | None, reference: Reference | None) -> PageRecord:
    """The record without a place that its neighbors suggest and its print speaks against."""
    if page is None or page.reference_page is not None or not page.options or record.kind is not PageKind.CONTENT:
        return record
    if _repeated(page, reference):
        return record
    return record if page.options[0].page == record.reference_page else replace(record, reference_page=None)


def _seen(
    copy: BookCopy,
    scan: ScanFile,
    page: PageResult | None,
    record: PageRecord,
    reference: Reference | None,
    stated_dpi: float | None,
) -> SeenScan:
    header, error = None, page.error if page else ""
    try:
        header = read_header(scan)
    except ScanError as fault:
        error = error or str(fault)
    if copy.scan.dpi is not None:
        resolution: Resolution | None = Resolution(copy.scan.dpi, copy.scan.dpi)
        dpi_from = "--dpi" if stated_dpi is not None else "copy.toml"
    else:
        resolution = header.resolution if header else None
        dpi_from = "file" if resolution else ""
    if page is None:
        return SeenScan(scan, None, header, resolution, dpi_from, record, error=error)
    return SeenScan(
        scan,
        page.job.position,
        header,
        resolution,
        dpi_from,
        record,
        page,
        looks_like=page.reference_page,
        options=_options(page),
        like_several=_like_several(page),
        repeated=_repeated(page, reference),
        mirrored=page.mirrored,
        turns=page.turns,
        error=error,
    )


def _options(page: PageResult) -> tuple[int, ...]:
    if not _like_several(page):
        return ()
    near = dict.fromkeys(c.page for c in page.options if c.score > page.options[0].score - CLEAR_LEAD)
    return tuple(near) if len(near) <= MOST_OPTIONS else ()


def _like_several(page: PageResult) -> bool:
    return page.reference_page is None and bool(page.options) and page.options[0].score >= ALIKE


def _repeated(page: PageResult, reference: Reference | None) -> bool:
    if reference is None or page.reference_page is not None or not page.options:
        return False
    return not index_of(reference).single(page.options[0].page)


def _with_twins(scans: Sequence[SeenScan]) -> list[SeenScan]:
    """Scans with the same small picture as an earlier one say so; blank paper of one bit always has the same."""
    first: dict[bytes, str] = {}
    result = []
    for scan in scans:
        if scan.page is None or not scan.page.picture or scan.record.kind is PageKind.BLANK:
            result.append(scan)
            continue
        earlier = first.setdefault(scan.page.picture, scan.name)
        result.append(scan if earlier == scan.name else replace(scan, same_as=earlier))
    return result


def _order_from(copy: BookCopy) -> str:
    files = {s.path.name for s in copy.pages}
    if len(files) == len(copy.pages):
        return "names of the files"
    kinds = {"PDF" if name.lower().endswith(".pdf") else "TIFF" for name in files}
    pages = f"pages of the {' and '.join(sorted(kinds))}"
    return pages if len(files) == 1 else f"names of the files, then {pages}"
