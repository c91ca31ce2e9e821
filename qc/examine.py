"""One scanned page: read, turned upright, matched, registered, edges located, tiles compared. Pixels end here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.bound_edge import find_bound_edge
from qc.edges import EdgeLine, Sheet, find_edge, find_sheet
from qc.errors import ScanError
from qc.flags import Flag
from qc.frame import paper_to_frame
from qc.geometry import Affine, Edge, Points, Side, Size, away_from_spine, edge_names, quarter_turn, side_of
from qc.match import NEIGHBORS, Candidate, candidates, rings, thumbnail
from qc.measure.color_difference import color_difference
from qc.measure.ink_coverage import Ink, ink_coverage
from qc.measure.missing_print import missing_print
from qc.model import Observation, PageKind, Resolution, ScanFile, ScanSettings
from qc.normalize import LINEAR_LUT, PageImage, load_page, refuse_small, true_resolution
from qc.own_page import own_lines, own_page
from qc.own_placement import OwnPage
from qc.page_stack import Expected
from qc.pyramid import Target, prepare
from qc.reference import Reference, ReferencePage
from qc.register import FEW_TILES, Registration, coarse, register
from qc.scan import ScanHeader, read_header
from qc.scanner import u_without_profile
from qc.shadow_edge import find_shadow_edge
from qc.tiles import PageTiles, page_tiles
from qc.units import MM_PER_INCH, px_per_mm

SHEET_TOLERANCE = 0.05
"""A resolution that puts the sheet further off the ordered trim is not believed."""
FITTING_SHARE = 0.08
LIKELY_DPI = (150, 200, 300, 400, 600)
THUMBNAIL_HEIGHT_PX = 150
SURE_CORRELATION = 0.9
"""Registration that needs no comparison with other pages."""
MIN_SCORE = 0.2
TRIES = 2
"""Candidates of a ring that are registered."""
TURN_LEAD = 0.1
"""By how much a page must fit better upside down."""
BENT_MM = 26.0
"""Width of paper at the spine that may leave the glass in an open book; it is not compared."""
HOLDING_SHARE = 0.93
MARGIN_MM = 12.0
"""Backing and pages below beside the page, where no outline is seen."""
BELOW_MM = 3.0
"""What an open book usually shows beyond the fore-edge of a page: pages below, cover."""
_NOWHERE = (EdgeLine(None, flag=Flag.NOT_REGISTERED),) * 4


@dataclass(frozen=True)
class PageJob:
    """What to examine: small and free of pixels, so that it can go to another thread or process."""

    position: int
    scan: ScanFile
    settings: ScanSettings
    forced_page: int | None = None
    forced_turns: int | None = None

    @property
    def expected_page(self) -> int:
        return self.position + self.settings.first_page - 1


@dataclass(frozen=True)
class PageResult:
    """What one scan gave: numbers, small arrays and a thumbnail.

    Attributes
    ----------
    error : str
        Why the file could not be used; empty if it could.
    doubt : str
        Why its resolution is not credible by itself; pages of the same copy may prove it all the same.
    resolution : Resolution or None
        Believed resolution of the scan at full size.
    turns : int
        Counterclockwise quarter turns that make the (EXIF-turned) scan upright.
    fits : bool
        A sheet was found, and it has about the ordered size: what it shows can be looked up.
    options : tuple of Candidate
        Reference pages it may show, best first.
    reference_page : int or None
        The one it was registered to.
    lines : tuple of EdgeLine
        Left, top, right, bottom, in working pixels.
    to_scan : Affine
        Working pixels -> scan pixels.
    own : OwnPage or None
        What the page says by itself, where there is no reference.
    u_scale, u_local_mm : tuple of float
        Of the upright image, as `PageImage` has them.
    paper : ndarray, shape (3,), or None
        Linear RGB of bare paper.
    tiles : PageTiles or None
        Of a registered page, unless it has one bit a pixel.
    size_px : tuple of int, or None
        Width and height of the scan as it was read.
    """

    job: PageJob
    error: str = ""
    doubt: str = ""
    credible: bool = True
    resolution: Resolution | None = None
    turns: int = 0
    backing: str = "none"
    fits: bool = False
    ink: Ink | None = None
    options: tuple[Candidate, ...] = ()
    reference_page: int | None = None
    registration: Registration | None = None
    lines: tuple[EdgeLine, ...] = _NOWHERE
    to_scan: Affine | None = None
    u_scale: tuple[float, float] = u_without_profile()[0]
    u_local_mm: tuple[float, float] = u_without_profile()[1]
    trim: Size | None = None
    own: OwnPage | None = None
    color: Observation | None = None
    missing: Observation | None = None
    paper: NDArray[np.float64] | None = None
    tiles: PageTiles | None = None
    picture: bytes = b""
    size_px: tuple[int, int] | None = None


def examine_page(job: PageJob, reference: Reference | None) -> PageResult:
    """Examine one scan against the reference (or alone); never raises for a bad scan."""
    try:
        header = read_header(job.scan)
        stated, profile = _believed(job, header, reference), job.settings.profile
        resolution = true_resolution(stated, header, profile)
        refuse_small(job.scan, header, resolution)
        image = load_page(job.scan, header, stated, profile)
    except ScanError as error:
        return PageResult(job, error=str(error), credible=not isinstance(error, NoResolution))
    size = (header.width_px, header.height_px)
    result = PageResult(job, resolution=resolution, size_px=size, u_scale=image.u_scale, u_local_mm=image.u_local_mm)
    if reference is None:
        return _without_reference(result, image)
    return _against(result, image, reference)


class NoResolution(ScanError):
    """The scan states no credible resolution."""


def _believed(job: PageJob, header: ScanHeader, reference: Reference | None) -> Resolution:
    if job.settings.dpi is not None:
        return Resolution(job.settings.dpi, job.settings.dpi)
    if header.resolution is not None:
        return header.resolution
    raise NoResolution(no_resolution_message(job.scan, header, reference.trim if reference else None))


def no_resolution_message(scan: ScanFile, header: ScanHeader, trim: Size | None) -> str:
    """What was found, what the page would measure at likely resolutions, what to do."""
    claim = header.claimed_dpi
    says = f"says {claim[0]:g} x {claim[1]:g} dpi, which is not believed" if claim else "states no resolution"
    sizes = ", ".join(f"{header.width_px / d:.2f} x {header.height_px / d:.2f} in at {d} dpi" for d in LIKELY_DPI)
    ordered = ""
    if trim is not None:
        ordered = f"; ordered: {trim.width_mm / MM_PER_INCH:.2f} x {trim.height_mm / MM_PER_INCH:.2f} in"
    return (
        f"{scan.name} {says}. Lengths cannot be measured without it. The image would measure {sizes}{ordered}. "
        "Rescan with the resolution in the file, or pass --dpi N if you know it."
    )


def _upright(image: PageImage, sheet: Sheet, trim: Size) -> tuple[PageImage, int]:
    """Turn a sheet (or frame) that lies across by a quarter."""
    if sheet.corners is not None:
        dx, dy = sheet.corners[1] - sheet.corners[0], sheet.corners[3] - sheet.corners[0]
        width, height = float(np.hypot(*dx)) / image.dpi.x_dpi, float(np.hypot(*dy)) / image.dpi.y_dpi
    else:
        height, width = image.luminance.shape[0] / image.dpi.y_dpi, image.luminance.shape[1] / image.dpi.x_dpi
    across = (width > height) != (trim.width_mm > trim.height_mm)
    ratio = max(width / height, height / width)
    if across and ratio > 1.08 and abs(trim.width_mm / trim.height_mm - 1) > 0.05:
        return image.turned(1), 1
    return image, 0


def _start(image: PageImage, sheet: Sheet, trim: Size, scale: float = 1.0) -> Affine:
    """Rough map of the page frame: the trim box laid on the middle of the sheet (or frame), at the believed scale."""
    h, w = image.luminance.shape
    middle = sheet.corners.mean(axis=0) if sheet.corners is not None else np.array([(w - 1) / 2, (h - 1) / 2])
    turn = Affine.scaling(px_per_mm(image.dpi.x_dpi) * scale, px_per_mm(image.dpi.y_dpi) * scale).after(
        Affine.rotation(sheet.angle_deg)
    )
    center = turn(np.array([trim.width_mm, trim.height_mm]) / 2)
    return Affine.shift(*(middle - center)).after(turn)


def _sheet(image: PageImage, settings: ScanSettings) -> Sheet:
    return find_sheet(image.luminance, (image.dpi.x_dpi, image.dpi.y_dpi), settings.backing, settings.bound)


def _picture(image: PageImage) -> bytes:
    scale = THUMBNAIL_HEIGHT_PX / image.pixels.shape[0]
    small = cv2.resize(image.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, 60])[1].tobytes()


def _without_reference(result: PageResult, image: PageImage) -> PageResult:
    job = result.job
    sheet = _sheet(image, job.settings)
    lines = (EdgeLine(None, flag=Flag.BOUND),) * 4 if job.settings.bound else own_lines(image, sheet)
    own, to_px, size = own_page(image, sheet, lines, job.position, side_of(job.expected_page))
    if to_px is None or size is None:
        h, w = image.luminance.shape
        size = Size(w / px_per_mm(image.dpi.x_dpi), h / px_per_mm(image.dpi.y_dpi))
        to_px = _start(image, sheet, size)
    return replace(
        result,
        backing=sheet.backing.kind,
        ink=ink_coverage(image.luminance, to_px, size),
        lines=lines,
        own=own,
        to_scan=image.to_scan,
        trim=size,
        picture=_picture(image),
    )


def _against(result: PageResult, image: PageImage, reference: Reference) -> PageResult:
    job = result.job
    trim = reference.trim
    sheet = _sheet(image, job.settings)
    # An open book has no shape that tells how its pages lie.
    image, turns = (image, 0) if job.settings.bound else _upright(image, sheet, trim)
    if turns:
        sheet = _sheet(image, job.settings)
    elif job.settings.bound and sheet.corners is not None and min(_sheet_share(image, sheet, trim)) < HOLDING_SHARE:
        # Too small to hold the page: a bright page beside one that is printed dark all over.
        sheet = replace(sheet, corners=None)
    start, size = _on_paper(image, sheet, trim, job)
    ink = _ink(image, start, size, job, job.expected_page)
    result = replace(
        result,
        backing=sheet.backing.kind,
        fits=not job.settings.bound
        and sheet.corners is not None
        and all(abs(s - 1) < FITTING_SHARE for s in _sheet_share(image, sheet, trim)),
        ink=ink,
        turns=turns,
        to_scan=image.to_scan,
        u_scale=image.u_scale,
        u_local_mm=image.u_local_mm,
        trim=trim,
    )
    if ink.kind is PageKind.BLANK:
        return _checked(result, image, sheet, trim)
    best: _Match | None = None
    options: list[Candidate] = []
    for view, option, page, registration in _matches(image, sheet, reference, job, turns, options):
        if best is None or registration.correlation > best[3].correlation:
            best = view, option, page, registration
        if registration.correlation >= SURE_CORRELATION:
            break
    options.sort(key=lambda c: -c.score)
    result = replace(result, options=tuple(c for c in options if c.score > options[0].score - TURN_LEAD)[:6])
    if best is None:
        return _checked(result, image, sheet, trim)
    view, option, page, registration = best
    other_way_up = any(c.page == option.page and c.turns != option.turns for c in result.options)
    if registration.repeats and other_way_up and job.forced_turns is None:
        # Rules or dots that fit either way up: where they lie is not known before how they lie is.
        registration = replace(registration, observable=(False, False))
    result = replace(result, turns=(turns + option.turns) % 4, to_scan=view.to_scan)
    return _measured(result, view, _sheet(view, job.settings) if option.turns else sheet, page, registration)


_Match = tuple[PageImage, Candidate, ReferencePage, Registration]


def _matches(
    image: PageImage, sheet: Sheet, reference: Reference, job: PageJob, turns: int, seen: list[Candidate]
) -> Iterator[_Match]:
    """Reference pages that registration confirms, the likeliest first; every candidate looked at is put into `seen`.

    The search widens only while nothing is confirmed: from the neighbors of the expected page to the whole title, then
    to other scales and angles.
    """
    trim = reference.trim
    thumbnails = reference.thumbnails()
    shape = (thumbnails.shape[1], thumbnails.shape[2])
    h, w = image.luminance.shape
    for attempt, start in enumerate(_starts(image, sheet, trim, job)):
        picture = thumbnail(image.luminance, start, shape)
        for ring, pages in enumerate(rings(job.expected_page, reference.pages)):
            if attempt and ring == len(NEIGHBORS):
                break
            options = candidates(picture, thumbnails, pages)
            seen += options
            # A page is taken as it lies until the copy as a whole says otherwise.
            options.sort(key=lambda c: -(c.score + (0.0 if c.turns else TURN_LEAD)))
            if job.forced_page is not None:
                options = [c for c in options if c.page == job.forced_page]
            if job.forced_turns is not None:
                options = [c for c in options if c.turns == (job.forced_turns - turns) % 4]
            confirmed = False
            for option in [c for c in options if c.score > MIN_SCORE][:TRIES]:
                page = reference.page(option.page)
                view, view_start = image, start
                if option.turns:
                    view = image.turned(2)
                    about = Affine.shift(trim.width_mm, trim.height_mm).after(Affine.rotation(180))
                    view_start = quarter_turn(2, w, h).after(start).after(about)
                corners = sheet.corners
                if option.turns and corners is not None:
                    corners = quarter_turn(2, w, h)(corners)
                target = prepare(page)
                if job.settings.bound:
                    target = target.between(_flat_mm(page.number, trim))
                found = _register(target, view, view_start.after(Affine.shift(*option.shift_mm)), corners)
                if found is not None:
                    confirmed = True
                    yield view, option, page, found
            if confirmed:
                return


def _starts(image: PageImage, sheet: Sheet, trim: Size, job: PageJob) -> list[Affine]:
    """Start maps to try in turn: as believed; at the scale the sheet suggests; turned, where no sheet tells the
    angle. In an open book, the page at the one outer side, then at the other."""
    start = _start(image, sheet, trim)
    if job.settings.bound:
        h, w = image.luminance.shape
        corners, below = sheet.corners, BELOW_MM
        if corners is None:
            corners, below = np.array([[0, 0], [w, 0], [w, h], [0, h]], float), MARGIN_MM
        left, right = corners[[0, 3]].mean(axis=0), corners[[1, 2]].mean(axis=0)
        half = trim.height_mm / 2
        beside = [
            Affine.shift(*(left - start((-below, half)))).after(start),
            Affine.shift(*(right - start((trim.width_mm + below, half)))).after(start),
        ]
        return beside[::-1] if side_of(job.expected_page) is Side.RECTO else beside
    if sheet.corners is None:
        middle = np.array([trim.width_mm, trim.height_mm]) / 2
        about = [
            Affine.shift(*middle).after(Affine.rotation(a)).after(Affine.shift(*-middle))
            for a in (-1.5, 1.5, -3, 3, -4.5, 4.5)
        ]
        return [start, *(start.after(a) for a in about)]
    scale = float(np.sqrt(np.prod(_sheet_share(image, sheet, trim))))
    return [start, _start(image, sheet, trim, scale)] if abs(scale - 1) > 0.01 else [start]


def _flat_mm(number: int, trim: Size) -> tuple[float, float]:
    """The x (page-frame mm) between which a page lies flat on the glass in its book."""
    return away_from_spine(side_of(number), trim.width_mm, min(BENT_MM, 0.25 * trim.width_mm))


def _on_paper(image: PageImage, sheet: Sheet, trim: Size, job: PageJob) -> tuple[Affine, Size]:
    """Rough map of what is paper: of a sheet cut too deep, the backing inside the trim box is none."""
    if job.settings.bound or sheet.corners is None:
        return _starts(image, sheet, trim, job)[0], trim
    across, down = _sheet_share(image, sheet, trim)
    size = Size(trim.width_mm * min(across, 1.0), trim.height_mm * min(down, 1.0))
    return _start(image, sheet, size), size


def _ink(image: PageImage, to_px: Affine, size: Size, job: PageJob, number: int) -> Ink:
    """Ink on the page; in a book, on what lies flat of it."""
    if not job.settings.bound:
        return ink_coverage(image.luminance, to_px, size)
    first, last = _flat_mm(number, size)
    return ink_coverage(image.luminance, to_px.after(Affine.shift(first, 0.0)), Size(last - first, size.height_mm))


def _sheet_share(image: PageImage, sheet: Sheet, trim: Size) -> tuple[float, float]:
    """Width and height of the sheet as a share of the trim, at the believed resolution."""
    assert sheet.corners is not None
    c = sheet.corners / np.array([px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)])
    return float(np.hypot(*(c[1] - c[0]))) / trim.width_mm, float(np.hypot(*(c[3] - c[0]))) / trim.height_mm


def _checked(result: PageResult, image: PageImage, sheet: Sheet, trim: Size) -> PageResult:
    """A page that no reference page confirms: is its resolution credible at all?"""
    result = replace(result, picture=_picture(image))
    if result.job.settings.bound:
        return result
    if sheet.corners is not None:
        shares = _sheet_share(image, sheet, trim)
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


def _register(target: Target, image: PageImage, start: Affine, sheet: Points | None) -> Registration | None:
    nominal = (px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi))
    return register(target, image.luminance, coarse(target, image.luminance, start), nominal, sheet)


def _measured(
    result: PageResult, image: PageImage, sheet: Sheet, page: ReferencePage, registration: Registration
) -> PageResult:
    """Edges and tiles of a registered page."""
    settings, trim = result.job.settings, page.trim
    trim_px = registration.to_px(trim.corners())
    expected = ordered(page, registration.to_px)
    lines = []
    flat = _flat_mm(page.number, trim)
    if settings.bound and registration.tiles < FEW_TILES:
        # A few lines of text, a part of the page bent away: the scale to its edges is anybody's guess.
        registration = replace(registration, observable=(False, False))
    for side, (a, b) in enumerate(((3, 0), (0, 1), (1, 2), (2, 3))):
        dpi = image.dpi.x_dpi if side in (0, 2) else image.dpi.y_dpi
        guess = trim_px[[a, b]]
        if settings.bound and edge_names(side_of(page.number))[side] is Edge.SPINE:
            lines.append(EdgeLine(None, flag=Flag.BOUND))
            continue
        if sheet.backing.kind == "white":
            bias, u_shape = (image.white.bias_mm[side], image.white.u_mm[side]) if image.white else (0.0, None)
            lines.append(find_shadow_edge(image.luminance, guess, dpi, expected, bias_mm=bias, u_shape_mm=u_shape))
            continue
        if settings.bound:
            first, last = (f / trim.width_mm for f in flat)
            part = {1: (first, last), 3: (1 - last, 1 - first)}.get(side, (0.0, 1.0))
            lines.append(find_bound_edge(image.luminance, guess, sheet.backing, dpi, expected, part))
            continue
        if sheet.corners is not None:
            outline = _nearest_side(sheet.corners, guess)
            if _distance(outline, guess) > 7.0 * px_per_mm(dpi):
                guess = outline
        line = find_edge(image.luminance, guess, sheet.backing, dpi, expected=expected)
        if line.flag is Flag.CROPPED:
            line = replace(line, frame=paper_to_frame(image.luminance, trim_px[[a, b]], dpi))
        lines.append(line)
    scan = (result.job.scan.name, result.job.scan.frame)
    result = replace(
        result,
        reference_page=page.number,
        registration=registration,
        lines=tuple(lines),
        trim=trim,
        ink=result.ink if sheet.corners is not None else _ink(image, registration.to_px, trim, result.job, page.number),
        picture=_picture(image),
    )
    if not any(registration.observable):
        return result
    tiles = page_tiles(image, page, registration.to_px, *([flat] if settings.bound else []))
    flag = Flag.BITONAL if image.bitonal else None if image.color else Flag.GRAY_SCAN
    return replace(
        result,
        color=color_difference(tiles, result.job.position, scan, flag),
        missing=missing_print(tiles, result.job.position, scan, image.to_scan.after(registration.to_px)),
        paper=tiles.paper if image.color else None,
        tiles=None if image.bitonal else tiles,
    )


def ordered(page: ReferencePage, to_px: Affine) -> Expected:
    """The reference page as it should show in the scan."""
    picture = cv2.LUT(cv2.cvtColor(page.rgb, cv2.COLOR_RGB2GRAY), LINEAR_LUT)
    return Expected(np.asarray(picture, np.float32), page.to_px.after(to_px.inverse()))


def _nearest_side(corners: Points, guess: Points) -> Points:
    sides = [corners[[a, b]] for a, b in ((3, 0), (0, 1), (1, 2), (2, 3))]
    return min(sides, key=lambda s: float(np.hypot(*(s - guess).T).sum()))


def _distance(outline: Points, guess: Points) -> float:
    """Distance of the middle of `outline` from the line through `guess`."""
    t = (guess[1] - guess[0]) / np.hypot(*(guess[1] - guess[0]))
    d = outline.mean(axis=0) - guess.mean(axis=0)
    return abs(float(d @ np.array([t[1], -t[0]])))
