"""How the scans of a copy are understood, before it is inspected: from names, headers and small pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qc.edges.dark_backing import Sheet
from qc.errors import ScanError
from qc.geometry import Size
from qc.inputs import Opened
from qc.measure.context.cover_sides import CoverSides, cover_sides, with_sides
from qc.measure.context.page_records import page_records
from qc.measure.context.sides import find_sides
from qc.model import BookCopy, PageKind, PageRecord, ReferenceId, Resolution, Role, ScanFile
from qc.normalize.calibrated import AppliedProfile
from qc.normalize.ink import INK_DPI, ink_coverage
from qc.normalize.open_page import OpenPage
from qc.normalize.orientation import sheet_share, start_on
from qc.normalize.page_image import PageImage
from qc.normalize.small_picture import small_picture
from qc.page import check_resolution, describe_upright, open_and_recognize
from qc.pipeline import PageWork, Progress, collate_copy
from qc.reference.find import Reference
from qc.register.alignment import Alignment, align
from qc.register.closed_cover import see_cover
from qc.register.collate import find_places, usual_turns
from qc.register.identify import TURN_LEAD
from qc.register.page_result import PageJob, PageResult
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import has_content
from qc.scan.copy_folder import files_passed_over
from qc.scan.image_file import ScanHeader, read_header
from qc.scan.scan_reader import ScanReader
from qc.units import MM_PER_INCH, px_per_mm

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
        As an inspection would write it, as far as small pictures tell.
    page : PageResult or None
        What was seen of an interior page.
    looks_like : int or None
        The reference page that fits clearly best.
    options : tuple of int
        Where several look the same as the one it fits, these, up to three.
    repeated : bool
        Several do, however many: lined and dotted pages.
    mirrored : int or None
        The reference page that its mirror image looks like.
    turns : int
        Counterclockwise quarter turns that make it upright.
    same_as : str
        Name of the scan that it repeats.
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
    repeated: bool = False
    mirrored: int | None = None
    turns: int = 0
    same_as: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """Of the file, with the page where a file has several."""
        return _label(self.scan)

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
        Reference pages with print that no scan was recognized as, by its small picture.
    passed_over : tuple of str
        Files in its folder that are not read.
    cover : CoverSides or None
        The scans of its cover, where the ordered one is known; `cover_note` says why one that is there is not.
    """

    copy: BookCopy
    reference: Reference | None
    reference_id: ReferenceId
    scanner: AppliedProfile
    scans: tuple[SeenScan, ...]
    order_from: str
    order: str
    usual_turns: int | None
    alignment: Alignment | None
    not_scanned: tuple[int, ...]
    passed_over: tuple[str, ...]
    cover: CoverSides | None = None
    cover_note: str = ""

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
    """Recognize every scan of a copy; nothing is measured and nothing written.

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
    How a page is opened, turned, recognized and put in order is the code of the inspection, which also registers it: an
    inspection may name a page that a plan leaves open, or refuse one that a plan names.
    """
    reference = opened.reference
    work = PageWork(reference, opened.scanner.profile, threads, progress, recognize_only, INK_DPI, steps=1)
    copy, order, pages = collate_copy(opened.copy, work)
    places = find_places(copy, pages, reference)
    sides = find_sides(copy, pages, places.pages, reference)
    by_scan = {page.job.scan: page for page in pages}
    records = page_records(copy, pages, reference, places, sides)
    cover = None
    if opened.cover is not None:
        seen = see_cover(copy, opened.cover, opened.scanner.profile, work.reader)
        cover = cover_sides(copy, opened.cover, seen)
        records = with_sides(records, cover)
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
        scans=tuple(scans),
        order_from=_order_from(copy),
        order=order,
        usual_turns=usual_turns(pages),
        alignment=alignment,
        not_scanned=tuple(p for gap in alignment.gaps for p in gap.pages) if alignment else (),
        passed_over=tuple(files_passed_over(copy.path)),
        cover=cover,
        cover_note=opened.cover_note,
    )


def recognize_only(job: PageJob, reference: Reference | None, reader: ScanReader) -> PageResult:
    """Recognize one scan at 75 dpi; nothing is registered, no edge located, no color measured."""
    return open_and_recognize(job, reference, reader, _alone, _describe)


def _describe(result: PageResult, image: PageImage, sheet: Sheet, turns: int, reference: Reference) -> PageResult:
    seen = result.recognition
    result, sheet = describe_upright(result, image, sheet, turns, reference)
    assert result.ink is not None
    if seen.page is None or result.ink.kind is PageKind.BLANK:
        return check_resolution(replace(result, options=seen.ways), image, sheet, reference)
    # As it lies unless upside down is clearly better.
    turns += max(seen.ways, key=lambda c: c.score + (0.0 if c.turns else TURN_LEAD)).turns
    return replace(result, reference_page=seen.page, turns=turns % 4, picture=small_picture(image))


def _alone(result: PageResult, page: OpenPage) -> PageResult:
    image, sheet = page.image, page.sheet
    h, w = image.luminance.shape
    size = Size(w / px_per_mm(image.dpi.x_dpi), h / px_per_mm(image.dpi.y_dpi))
    if sheet.corners is not None:
        size = Size(*sheet_share(image, sheet, Size(1.0, 1.0)))
    ink = ink_coverage(image.luminance, start_on(image, sheet, size), size)
    return replace(result, backing=sheet.backing.kind, ink=ink, trim=size, picture=small_picture(image))


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
    alike = _pages_alike(page, reference)
    return SeenScan(
        scan,
        page.job.position,
        header,
        resolution,
        dpi_from,
        record,
        page,
        looks_like=page.reference_page,
        options=alike if len(alike) <= MOST_OPTIONS else (),
        repeated=bool(alike),
        mirrored=page.recognition.mirrored,
        turns=page.turns,
        same_as=_label(page.job.same_as) if page.job.same_as else "",
        error=error,
    )


def _pages_alike(page: PageResult, reference: Reference | None) -> tuple[int, ...]:
    """The reference pages that look like a scan which no single one looks like."""
    look = page.recognition.look
    if reference is None or page.recognition.page is not None or look is None:
        return ()
    return tuple(n for n, other in enumerate(index_of(reference).looks, 1) if other == look)


def _order_from(copy: BookCopy) -> str:
    files = {s.path.name for s in copy.pages}
    if len(files) == len(copy.pages):
        return "names of the files"
    kinds = {"PDF" if name.lower().endswith(".pdf") else "TIFF" for name in files}
    pages = f"pages of the {' and '.join(sorted(kinds))}"
    return pages if len(files) == 1 else f"names of the files, then {pages}"


def _label(scan: ScanFile) -> str:
    return f"{scan.name}, page {scan.frame + 1}" if scan.frame else scan.name
