"""One scanned page: read, turned upright, matched, registered, edges located, tiles compared. Pixels end here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2

from qc.edges.dark_backing import EdgeLine, Sheet
from qc.errors import ScanError
from qc.features.own_page import own_lines, own_page
from qc.features.page_maps import page_maps
from qc.features.print_marks import print_marks
from qc.features.tiles import page_tiles
from qc.features.white_strips import white_slivers
from qc.flags import Flag
from qc.geometry import WORKING_DPI, Affine, Size, side_of
from qc.model import PageKind
from qc.normalize.ink import Ink
from qc.normalize.page_image import (
    LIKELY_DPI,
    NoResolution,
    PageImage,
    load_page,
    refuse_small,
    stated_resolution,
    true_resolution,
)
from qc.normalize.page_kind import Look
from qc.normalize.rim_lines import told_even
from qc.reference.find import Reference, ReferencePage
from qc.register.colored_print import ink_on
from qc.register.identify import (
    MIN_SCORE,
    TURN_LEAD,
    Match,
    flat_mm,
    matches,
    on_paper,
    sheet_in,
    sheet_share,
    start_on,
    upright,
)
from qc.register.page_edges import ordered, page_edges
from qc.register.page_result import PageJob, PageResult
from qc.register.print_shape import Shape
from qc.register.register import Registration
from qc.register.thumbnails import Candidate
from qc.resample import shrunk
from qc.scan.image_file import read_header
from qc.units import MM_PER_INCH, px_per_mm

SHEET_TOLERANCE = 0.05
"""A resolution that puts the sheet further off the ordered trim is not believed."""
FITTING_SHARE = 0.08
THUMBNAIL_HEIGHT_PX = 150
SURE_CORRELATION = 0.9
"""Registration that needs no comparison with other pages."""
HOLDING_SHARE = 0.93
FAR_MM = 1e4


def examine_page(job: PageJob, reference: Reference | None) -> PageResult:
    """Examine one scan against the reference (or alone); never raises for a bad scan."""
    result, image = read_page(job, reference)
    if image is None:
        return result
    if reference is None:
        return _without_reference(result, image)
    return _against(result, image, reference)


def read_page(
    job: PageJob, reference: Reference | None, least_dpi: float = WORKING_DPI
) -> tuple[PageResult, PageImage | None]:
    """The scan of a page at `least_dpi` or a little more; None and a result in error where it cannot be used."""
    try:
        header = read_header(job.scan)
        trim, profile = reference.trim if reference else None, job.settings.profile
        stated = stated_resolution(job.scan, job.settings, header, trim)
        resolution = true_resolution(stated, header, profile)
        refuse_small(job.scan, header, resolution)
        image = load_page(job.scan, header, stated, profile, least_dpi)
    except ScanError as error:
        return PageResult(job, error=str(error), credible=not isinstance(error, NoResolution)), None
    size = (header.width_px, header.height_px)
    result = PageResult(job, resolution=resolution, size_px=size, u_scale=image.u_scale, u_local_mm=image.u_local_mm)
    return result, image


def small_picture(image: PageImage) -> bytes:
    """The scan as a WebP of 150 rows."""
    # Halves first: they are many times quicker than any other factor.
    coarse = image.pixels
    while coarse.shape[0] >= 4 * THUMBNAIL_HEIGHT_PX:
        coarse = shrunk(coarse, 2)
    scale = THUMBNAIL_HEIGHT_PX / coarse.shape[0]
    small = cv2.resize(coarse, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, 60])[1].tobytes()


def _without_reference(result: PageResult, image: PageImage) -> PageResult:
    job = result.job
    sheet = sheet_in(image, job.settings)
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
        own=own,
        to_scan=image.to_scan,
        trim=size,
        picture=small_picture(image),
    )


def lying(result: PageResult, image: PageImage, reference: Reference) -> tuple[PageResult, PageImage, Sheet]:
    """The page turned such that it stands, the sheet in it, and how much is printed on that."""
    job = result.job
    trim = reference.trim
    sheet = sheet_in(image, job.settings)
    # An open book has no shape that tells how its pages lie.
    image, turns = (image, 0) if job.settings.bound else upright(image, sheet, trim)
    if turns:
        sheet = sheet_in(image, job.settings)
    elif job.settings.bound and sheet.corners is not None and min(sheet_share(image, sheet, trim)) < HOLDING_SHARE:
        # Too small to hold the page: a bright page beside one that is printed dark all over.
        sheet = replace(sheet, corners=None)
    start, size = on_paper(image, sheet, trim, job)
    ink = _ink(image, start, size, job, job.expected_page)
    result = replace(
        result,
        backing=sheet.backing.kind,
        fits=not job.settings.bound
        and sheet.corners is not None
        and all(abs(s - 1) < FITTING_SHARE for s in sheet_share(image, sheet, trim)),
        ink=ink,
        turns=turns,
        to_scan=image.to_scan,
        u_scale=image.u_scale,
        u_local_mm=image.u_local_mm,
        trim=trim,
    )
    return result, image, sheet


def _against(result: PageResult, image: PageImage, reference: Reference) -> PageResult:
    job = result.job
    result, image, sheet = lying(result, image, reference)
    turns = result.turns
    assert result.ink is not None
    if result.ink.kind is PageKind.BLANK and result.ink.look is not Look.DEFECT:
        return checked(result, image, sheet, reference)
    best: Match | None = None
    options: list[Candidate] = []
    for view, option, page, registration in matches(image, sheet, reference, job, turns, options):
        if best is None or registration.correlation > best[3].correlation:
            best = view, option, page, registration
        if registration.correlation >= SURE_CORRELATION:
            break
    options.sort(key=lambda c: -c.score)
    result = replace(result, options=tuple(c for c in options if c.score > options[0].score - TURN_LEAD)[:6])
    if best is None:
        return checked(result, image, sheet, reference)
    view, option, page, registration = best
    other_way_up = any(c.page == option.page and c.turns != option.turns and c.score > MIN_SCORE for c in options)
    if registration.repeats and other_way_up and job.forced_turns is None:
        # Rules or dots that fit either way up: where they lie is not known before how they lie is.
        registration = replace(registration, observable=(False, False))
    result = replace(result, turns=(turns + option.turns) % 4, to_scan=view.to_scan)
    sheet = sheet_in(view, job.settings) if option.turns else sheet
    return _measured(result, view, sheet, page, registration)


def _ink(image: PageImage, to_px: Affine, size: Size, job: PageJob, number: int) -> Ink:
    """Ink on the page; in a book, on what lies flat of it."""
    if not job.settings.bound:
        return ink_on(image, to_px, size)
    first, last = flat_mm(number, size, job.direction)
    return ink_on(image, to_px.after(Affine.shift(first, 0.0)), Size(last - first, size.height_mm))


def checked(result: PageResult, image: PageImage, sheet: Sheet, reference: Reference) -> PageResult:
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


def _measured(
    result: PageResult, image: PageImage, sheet: Sheet, page: ReferencePage, registration: Registration
) -> PageResult:
    """Edges and tiles of a registered page."""
    settings, trim, direction = result.job.settings, page.trim, result.job.direction
    flat = flat_mm(page.number, trim, direction)
    if settings.bound and registration.sparse:
        # A few lines of text, a part of the page bent away: the scale to its edges is anybody's guess.
        registration = replace(registration, observable=(False, False))
    lines = page_edges(image, sheet, page, registration.to_px, settings.bound, direction)
    lines = told_even(image.pixels, lines)
    result = replace(
        result,
        reference_page=page.number,
        registration=registration,
        shape=_shape_of(registration, sheet),
        lines=lines,
        slivers=white_slivers(
            image.luminance,
            lines,
            ordered(page, registration.to_px),
            trim,
            registration.to_px,
            (image.dpi.x_dpi, image.dpi.y_dpi),
            sheet.backing.paper,
        ),
        trim=trim,
        ink=result.ink if sheet.corners is not None else _ink(image, registration.to_px, trim, result.job, page.number),
        picture=small_picture(image),
    )
    if not any(registration.observable):
        return result
    shown = None if page.trim_known else _shown_mm(image, sheet, registration.to_px)
    maps = page_maps(image, page, registration.to_px, shown)
    tiles = page_tiles(maps, *([flat] if settings.bound else []))
    return replace(
        result,
        tiles=tiles.compact(),
        no_tone=Flag.BITONAL if image.bitonal else None if image.color else Flag.GRAY_SCAN,
        marks=None if image.bitonal else print_marks(maps, _sheet_mm(lines, registration.to_px, flat, settings.bound)),
    )


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
