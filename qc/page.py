"""One scanned page: opened, recognized, registered; then its edges located and its tiles averaged. Pixels end here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qc.edges.dark_backing import EdgeLine, Sheet
from qc.edges.outline import Outline, find_outline
from qc.edges.page_stack import Expected
from qc.features.fine_look import FineLook
from qc.features.own_page import own_lines, own_page
from qc.features.page_maps import page_maps
from qc.features.paper_traces import paper_traces
from qc.features.print_marks import print_marks
from qc.features.tiles import page_tiles
from qc.features.white_strips import white_slivers
from qc.flags import Flag
from qc.geometry import Affine, Size, side_of
from qc.model import PageKind
from qc.normalize.ink import Ink
from qc.normalize.open_page import LIKELY_DPI, OpenPage
from qc.normalize.orientation import sheet_in, sheet_share, start_on, upright
from qc.normalize.page_image import PageImage
from qc.normalize.page_kind import Appearance
from qc.normalize.rim_lines import told_even
from qc.normalize.small_picture import small_picture
from qc.reference.find import Reference, ReferencePage
from qc.register.colored_print import ink_on
from qc.register.identify import MIN_SCORE, TURN_LEAD, Match, find_matches, flat_mm, on_paper
from qc.register.open_scan import open_job
from qc.register.page_edges import ordered, page_edges
from qc.register.page_result import PageJob, PageResult
from qc.register.print_shape import Shape
from qc.register.recognize import find_shape, recognize
from qc.register.register import Registration
from qc.register.shared_scale import lies_alike, with_scale
from qc.register.thumbnails import Candidate
from qc.scan.scan_reader import ScanReader
from qc.units import MM_PER_INCH, px_per_mm

SHEET_TOLERANCE = 0.05
"""A resolution that puts the sheet further off the ordered trim is not believed."""
FITTING_SHARE = 0.08
SURE_CORRELATION = 0.9
"""Registration that needs no comparison with other pages."""
HOLDING_SHARE = 0.93
FAR_MM = 1e4


def inspect_page(job: PageJob, reference: Reference | None, reader: ScanReader | None = None) -> PageResult:
    """Register one scan at the page where it is expected, and measure it (or by itself, without a reference); never raises
    for a bad scan."""
    reader = reader or ScanReader()
    return measure_page(register_page(job, reference, reader), reference, reader)


def recognize_page(job: PageJob, reference: Reference | None, reader: ScanReader) -> PageResult:
    """Recognize one scan and register it at the page that it looks like; pending where it looks like none or several."""
    result = open_and_recognize(job, reference, reader, _measure_alone, _register_seen)
    _let_go(result, reader)
    return result


def open_and_recognize(
    job: PageJob,
    reference: Reference | None,
    reader: ScanReader,
    alone: Callable[[PageResult, OpenPage], PageResult],
    go_on: Callable[[PageResult, PageImage, Sheet, int, Reference], PageResult],
) -> PageResult:
    """What `go_on` makes of a recognized scan, its upright image, the sheet in it and its quarter turns; without a reference, what
    `alone` makes of the open scan."""
    if job.same_as is not None:
        return PageResult(job)
    result, page = open_job(job, reference, reader)
    if page is None:
        return result
    if reference is None:
        return alone(result, page)
    image, sheet, turns = upright_page(page, reference)
    return go_on(replace(result, recognition=recognize(image, sheet, reference, job)), image, sheet, turns, reference)


def register_page(job: PageJob, reference: Reference | None, reader: ScanReader) -> PageResult:
    """Register one scan at the page where it is expected, or near it, or wherever in the book it fits."""
    result, page = open_job(job, reference, reader)
    if page is None:
        return result
    if reference is None:
        return _measure_alone(result, page)
    result = _register(result, *upright_page(page, reference), reference)
    _let_go(result, reader)
    return result


def measure_page(result: PageResult, reference: Reference | None, reader: ScanReader) -> PageResult:
    """The edges and the tiles of a registered page; any other result, and one that was measured as it lies, as it is."""
    registration, measured = result.registration, result.measured
    if reference is None or registration is None or result.reference_page is None:
        return result
    page = reference.page(result.reference_page)
    if measured is not None and lies_alike(measured, registration.to_px, page.trim):
        return result
    again, opened = open_job(result.job, reference, reader)
    if opened is None:
        return again
    return _measure(result, opened.image.turned(result.turns), page)


def measure_ahead(result: PageResult, reference: Reference | None, reader: ScanReader) -> PageResult:
    """The result measured by what its copy says of the scale so far, if that is known; its scan is then let go."""
    known = with_scale(result, result.job.scale)
    if known is not result:
        found = measure_page(known, reference, reader)
        result = result if found.registration is None else replace(found, registration=result.registration)
    _let_go(result, reader)
    return result


def _let_go(result: PageResult, reader: ScanReader) -> None:
    """Keep no pixels of a page that is done; of one that is looked up or measured later they are wanted again."""
    if any(result.job.scale) and not result.pending:
        reader.let_go(result.job.scan)


def shape_of_print(job: PageJob, reference: Reference, reader: ScanReader) -> Shape | None:
    """How the print of a scan is scaled and turned on its sheet, wherever that makes it look like a page of the title."""
    _, page = open_job(job, reference, reader)
    if page is None:
        return None
    image, sheet, _ = upright_page(page, reference)
    return find_shape(image, sheet, reference)


def _measure_alone(result: PageResult, page: OpenPage) -> PageResult:
    job, image, sheet = result.job, page.image, page.sheet
    lines = (EdgeLine(None, flag=Flag.BOUND),) * 4 if job.settings.bound else own_lines(image, sheet)
    lines = told_even(image.pixels, lines)
    own, to_px, size = own_page(image, sheet, lines, job.position, side_of(job.expected_page), job.direction)
    if to_px is None or size is None:
        h, w = image.luminance.shape
        size = Size(w / px_per_mm(image.dpi.x_dpi), h / px_per_mm(image.dpi.y_dpi))
        to_px = start_on(image, sheet, size)
    return replace(
        result,
        backing=sheet.backing.kind,
        ink=ink_on(image, to_px, size),
        lines=lines,
        outline=_outline(job, image, sheet, lines, to_px, size),
        own=own,
        to_scan=image.to_scan,
        trim=size,
        picture=small_picture(image),
    )


def upright_page(page: OpenPage, reference: Reference) -> tuple[PageImage, Sheet, int]:
    """The image turned such that its sheet stands as the ordered page does, the sheet in it, and the quarter turns."""
    # An open book has no shape that tells how its pages lie.
    if page.settings.bound:
        return page.image, page.sheet, 0
    image, turns = upright(page.image, page.sheet, reference.trim)
    return image, sheet_in(image, page.settings) if turns else page.sheet, turns


def describe_upright(
    result: PageResult, image: PageImage, sheet: Sheet, turns: int, reference: Reference
) -> tuple[PageResult, Sheet]:
    """The result with what an upright scan says before it is registered, its ink above all; and the sheet that can hold the
    page."""
    job, trim = result.job, reference.trim
    if job.settings.bound and sheet.corners is not None and min(sheet_share(image, sheet, trim)) < HOLDING_SHARE:
        # Too small to hold the page: a bright page beside one that is printed dark all over.
        sheet = replace(sheet, corners=None)
    start, size = on_paper(image, sheet, trim, job)
    fits = (
        not job.settings.bound
        and sheet.corners is not None
        and all(abs(s - 1) < FITTING_SHARE for s in sheet_share(image, sheet, trim))
    )
    result = replace(
        result,
        backing=sheet.backing.kind,
        fits=fits,
        ink=_ink(image, start, size, job, job.expected_page),
        turns=turns,
        to_scan=image.to_scan,
        u_scale=image.u_scale,
        u_local_mm=image.u_local_mm,
        trim=trim,
    )
    return result, sheet


def _register_seen(result: PageResult, image: PageImage, sheet: Sheet, turns: int, reference: Reference) -> PageResult:
    seen_as = result.recognition.page
    result = replace(result, job=replace(result.job, seen_as=seen_as))
    return _register(result, image, sheet, turns, reference, known=seen_as is not None)


def _register(
    result: PageResult, image: PageImage, sheet: Sheet, turns: int, reference: Reference, known: bool = True
) -> PageResult:
    """The result registered to what its image shows; pending where it is not `known` where in the book to begin."""
    job = result.job
    if not known and job.settings.bound:
        # On which side of an open book a page lies is known from its neighbors, and so is where its ink is.
        return replace(result, pending=True)
    result, sheet = describe_upright(result, image, sheet, turns, reference)
    assert result.ink is not None
    if result.ink.kind is PageKind.BLANK and result.ink.look is not Appearance.DEFECT:
        return check_resolution(result, image, sheet, reference)
    if not known:
        return replace(result, pending=True)
    best: Match | None = None
    options: list[Candidate] = []
    for view, option, page, registration in find_matches(image, sheet, reference, job, turns, options):
        if best is None or registration.correlation > best[3].correlation:
            best = view, option, page, registration
        if registration.correlation >= SURE_CORRELATION:
            break
    options.sort(key=lambda c: -c.score)
    result = replace(result, options=tuple(c for c in options if c.score > options[0].score - TURN_LEAD)[:6])
    if best is None:
        return check_resolution(result, image, sheet, reference)
    view, option, page, registration = best
    other_way_up = any(c.page == option.page and c.turns != option.turns and c.score > MIN_SCORE for c in options)
    if registration.repeats and other_way_up and job.forced_turns is None:
        # Rules or dots that fit either way up: where they lie is not known before how they lie is.
        registration = replace(registration, observable=(False, False))
    if job.settings.bound and registration.sparse:
        # A few lines of text, a part of the page bent away: the scale to its edges is anybody's guess.
        registration = replace(registration, observable=(False, False))
    sheet = sheet_in(view, job.settings) if option.turns else sheet
    on_sheet = sheet.corners is not None
    result = replace(
        result,
        reference_page=page.number,
        registration=registration,
        shape=_shape_of(registration, sheet),
        turns=(turns + option.turns) % 4,
        to_scan=view.to_scan,
        sheet=sheet,
        ink=result.ink if on_sheet else _ink(view, registration.to_px, page.trim, job, page.number),
        trim=page.trim,
        picture=small_picture(view),
    )
    known_scale = with_scale(result, job.scale)
    if known_scale is result:
        return result
    return replace(_measure(known_scale, view, page), registration=result.registration)


def _ink(image: PageImage, to_px: Affine, size: Size, job: PageJob, number: int) -> Ink:
    """Ink on the page; in a book, on what lies flat of it."""
    if not job.settings.bound:
        return ink_on(image, to_px, size)
    first, last = flat_mm(number, size, job.direction)
    return ink_on(image, to_px.after(Affine.shift(first, 0.0)), Size(last - first, size.height_mm))


def check_resolution(result: PageResult, image: PageImage, sheet: Sheet, reference: Reference) -> PageResult:
    """A page that no reference page confirms: is its resolution credible at all?"""
    result, trim = replace(result, picture=small_picture(image)), reference.trim
    if result.job.settings.bound or not reference.trim_known:
        return result
    if sheet.corners is not None:
        shares = sheet_share(image, sheet, trim)
        wrong = any(abs(s - 1) > SHEET_TOLERANCE for s in shares)
    else:
        h, w = image.luminance.shape
        shares = (w / px_per_mm(image.dpi.x_dpi) / trim.width_mm, h / px_per_mm(image.dpi.y_dpi) / trim.height_mm)
        wrong = any(s < 1 - 2 * SHEET_TOLERANCE for s in shares)
    if not wrong:
        return result
    assert result.resolution is not None
    size = [s * t / MM_PER_INCH for s, t in zip(shares, (trim.width_mm, trim.height_mm), strict=True)]
    ordered = f"{trim.width_mm / MM_PER_INCH:.2f} x {trim.height_mm / MM_PER_INCH:.2f} in"
    at = [
        f"{size[0] * result.resolution.x_dpi / d:.2f} x {size[1] * result.resolution.y_dpi / d:.2f} in at {d} dpi"
        for d in LIKELY_DPI
    ]
    message = (
        f"{result.job.scan.name}: at {result.resolution.x_dpi:g} x {result.resolution.y_dpi:g} dpi the page would measure "
        f"{size[0]:.2f} x {size[1]:.2f} in, more than 5 % off the ordered {ordered}, and its print matches no reference page, "
        f"so the resolution is not believed. It would measure {', '.join(at)}. Rescan with the right resolution in the file, "
        "pass --dpi N if you know it, or check that this is the ordered book."
    )
    return replace(result, doubt=message)


def _measure(result: PageResult, image: PageImage, page: ReferencePage) -> PageResult:
    """Edges and tiles of a registered page, by its upright image."""
    sheet, registration = result.sheet, result.registration
    assert sheet is not None and registration is not None
    settings, trim, direction = result.job.settings, page.trim, result.job.direction
    flat = flat_mm(page.number, trim, direction)
    expected = ordered(page, registration.to_px)
    lines = page_edges(image, sheet, page, expected, registration.to_px, settings.bound, direction)
    lines = told_even(image.pixels, lines)
    slivers = white_slivers(
        image.luminance,
        lines,
        expected,
        trim,
        registration.to_px,
        (image.dpi.x_dpi, image.dpi.y_dpi),
        sheet.backing.paper,
    )
    outline = _outline(result.job, image, sheet, lines, registration.to_px, trim, expected)
    result = replace(result, lines=lines, slivers=slivers, outline=outline, measured=registration.to_px)
    if not any(registration.observable):
        return result
    shown = None if page.trim_known else _shown_mm(image, sheet, registration.to_px)
    maps = page_maps(image, page, registration.to_px, shown)
    tiles = page_tiles(maps, *([flat] if settings.bound else []))
    look = FineLook(image, page, registration.to_px, page.trim_known and not settings.bound)
    sheet_mm = _sheet_mm(lines, registration.to_px, flat, settings.bound)
    marks = None if image.bitonal else print_marks(maps, sheet_mm, look)
    if marks and outline is not None:
        marks = tuple(m for m in marks if not outline.explains(m.box_mm))
    return replace(
        result,
        tiles=tiles.compact(),
        no_tone=Flag.BITONAL if image.bitonal else None if image.color else Flag.GRAY_SCAN,
        marks=marks,
        traces=None if image.bitonal else paper_traces(maps, sheet_mm, sheet.backing, image.color, settings.bound),
    )


def _outline(
    job: PageJob,
    image: PageImage,
    sheet: Sheet,
    lines: Sequence[EdgeLine],
    to_px: Affine,
    size: Size,
    expected: Expected | None = None,
) -> Outline | None:
    """The paper's outline; of a bound page others lie below, and of two tones letters are as dark as the backing."""
    if image.bitonal or job.settings.bound:
        return None
    dpi = (image.dpi.x_dpi, image.dpi.y_dpi)
    return find_outline(image.luminance, lines, to_px(size.corners()), sheet.backing, dpi, to_px, expected)


def _shown_mm(image: PageImage, sheet: Sheet, to_px: Affine) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what the scan shows of a page by its rough outline, in page-frame mm."""
    h, w = image.luminance.shape
    corners = Size(w, h).corners() if sheet.corners is None else sheet.corners
    x, y = to_px.inverse()(corners).T
    return float(max(x[0], x[3])), float(max(y[0], y[1])), float(min(x[1], x[2])), float(min(y[2], y[3]))


def _shape_of(registration: Registration, sheet: Sheet) -> Shape:
    scale_x, scale_y, _ = registration.linear()
    turn = registration.to_px.skew_deg - sheet.angle_deg if sheet.corners is not None else 0.0
    return Shape(1 + scale_x, 1 + scale_y, turn)


def _sheet_mm(
    lines: Sequence[EdgeLine], to_px: Affine, flat_mm: tuple[float, float], bound: bool
) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is surely sheet, and flat, in page-frame mm."""
    back = to_px.inverse()
    found = [None if line.ends is None else back(line.ends)[:, side % 2] for side, line in enumerate(lines)]
    left, top = (-FAR_MM if (f := found[k]) is None else float(f.max()) for k in (0, 1))
    right, bottom = (FAR_MM if (f := found[k]) is None else float(f.min()) for k in (2, 3))
    return (max(left, flat_mm[0]), top, min(right, flat_mm[1]), bottom) if bound else (left, top, right, bottom)
