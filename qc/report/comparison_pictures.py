"""Pictures of a comparison: where one copy stands apart, cut out of its scan, beside the same place of another copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.compare.compare import Comparison
from qc.compare.conclusions import Conclusion
from qc.compare.outlier import Place
from qc.compare.shared_pages import CommonPage, PageScan
from qc.errors import ScanError
from qc.geometry import Affine, Box, Edge, Size, pixel_scaling
from qc.report.crops import small_webp, upright_crop
from qc.report.evidence import REDUCTIONS
from qc.scan.scan_reader import ScanReader

MOST_PLACES = 3
WIDE_PX, MOST_BYTES = 640, 26_000
"""Of a picture: six of them leave a report of many copies below 400 kB."""
ASPECT = 4 / 3
CONTEXT_MM = 56.0
"""Width shown around the square of 14 mm that differs most in color: enough to know it again on the sheet."""
CUT_MM, OUTSIDE, BEYOND = 56.0, 0.25, 5.0
"""Width shown of a cut: with the print beside it, by which the two scans are laid on each other; how much of it lies outside; and
how often the distance of the two cuts goes into it at least."""
STRIP_PX_MM, CLEAR_MM, PRINT_LEVELS = 2.0, 2.0, 40.0
"""How finely print is looked for along an edge, from how far inside the cut, and how many gray levels darker than paper it is."""


@dataclass(frozen=True)
class Line:
    """Ends of a line over a picture, in its pixels."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Picture:
    """A piece of the scan `file` of `copy`, upright; `alt` says what is seen, `cut` is where the copy beside it was cut."""

    copy: str
    file: str
    alt: str
    webp: bytes
    cut: Line | None = None


@dataclass(frozen=True)
class SideBySide:
    """The copy that stands apart and another one, at one place and one scale.

    `size_px` is that of each picture; `box_px` (x, y, width, height) surrounds what differs most in color.
    """

    conclusion: Conclusion
    place: Place
    pictures: tuple[Picture, Picture]
    width_mm: float
    size_px: tuple[int, int]
    box_px: Box | None = None


def side_by_side(comparison: Comparison, reader: ScanReader | None = None) -> list[SideBySide]:
    """Pictures of the gravest conclusions that show somewhere, at most `MOST_PLACES`; without those whose scans are gone.

    Only the scans that are shown are decoded, one at a time.
    """
    reader = reader or ScanReader(0)
    made: list[SideBySide] = []
    for conclusion in comparison.conclusions:
        place = conclusion.place
        page = comparison.pages.get(place.page) if place else None
        if len(made) == MOST_PLACES or place is None or page is None or {place.copy, place.beside} - page.scans.keys():
            continue
        try:
            made.append(_cut_out(conclusion, place, page, reader))
        except ScanError:
            continue
    return made


def _cut_out(conclusion: Conclusion, place: Place, page: CommonPage, reader: ScanReader) -> SideBySide:
    scans = page.scans[place.copy], page.scans[place.beside]
    if place.box_mm:
        box = _around(place.box_mm, page.size)
    else:
        box = _at_the_cut(place, page, scans, _decoded(scans[1], STRIP_PX_MM, reader))
    (x0, y0, x1, y1) = box
    px_mm = min(WIDE_PX / (x1 - x0), *(min(s.to_scan.scale) for s in scans))
    marked: Box | None = None
    if place.box_mm:
        left, top, right, bottom = place.box_mm
        marked = (left - x0) * px_mm, (top - y0) * px_mm, (right - left) * px_mm, (bottom - top) * px_mm
    alts = _alts(place)
    first, second = (
        Picture(name, s.scan.name, alt, _crop(s, box, px_mm, reader), _line(place, page, other, box, px_mm))
        for name, s, other, alt in zip((place.copy, place.beside), scans, scans[::-1], alts, strict=True)
    )
    size = round((x1 - x0) * px_mm), round((y1 - y0) * px_mm)
    return SideBySide(conclusion, place, (first, second), x1 - x0, size, marked)


def _decoded(shown: PageScan, px_mm: float, reader: ScanReader) -> tuple[NDArray[Any], Affine]:
    """Pixels of a scan, no finer than they are wanted, and mm of the page to them."""
    shrink = next(r for r in REDUCTIONS if r == 1 or r * px_mm <= min(shown.to_scan.scale))
    return reader.pixels(shown.scan, shrink), pixel_scaling(1 / shrink, 1 / shrink).after(shown.to_scan)


def _crop(shown: PageScan, box_mm: Box, px_mm: float, reader: ScanReader) -> bytes:
    return small_webp(upright_crop(*_decoded(shown, px_mm, reader), box_mm, px_mm), WIDE_PX, MOST_BYTES)


def _alts(place: Place) -> tuple[str, str]:
    if place.edge is None:
        where = f"on page {place.page}, {place.how}"
        return f"{place.copy} {where}, where its color differs most", f"{place.beside} at the same place"
    where = f"The {place.edge} of page {place.page}"
    return f"{where} in {place.copy}, {place.how} than in {place.beside}", f"{where} in {place.beside}"


def _around(box_mm: Box, size: Size) -> Box:
    """The part of a page around a box, moved to lie on the page."""
    width, height = CONTEXT_MM, CONTEXT_MM / ASPECT
    x0 = _within((box_mm[0] + box_mm[2] - width) / 2, size.width_mm - width)
    y0 = _within((box_mm[1] + box_mm[3] - height) / 2, size.height_mm - height)
    return x0, y0, x0 + width, y0 + height


def _within(start: float, most: float) -> float:
    return min(max(start, 0.0), max(most, 0.0))


def _at_the_cut(
    place: Place, page: CommonPage, scans: tuple[PageScan, PageScan], decoded: tuple[NDArray[Any], Affine]
) -> Box:
    """Around an edge: both cuts, some of the backing, and where most is printed beside the cut."""
    assert place.edge is not None
    cuts = [s.cuts_mm.get(place.edge, 0.0) for s in scans]
    width = max(CUT_MM, BEYOND * abs(cuts[0] - cuts[1]))
    height, side = width / ASPECT, page.edges.index(place.edge)
    across, along = (height, width) if side % 2 else (width, height)
    outer, inner = (_cut_at(place.edge, page, sum(cuts) / 2 + out * across) for out in (OUTSIDE, OUTSIDE - 1.0))
    least, most = min(outer, inner), max(outer, inner)
    # The cut and what lies behind it are no print.
    low, high = sorted((inner, _cut_at(place.edge, page, min(cuts) - CLEAR_MM)))
    length = page.size.width_mm if side % 2 else page.size.height_mm
    strip = (0.0, low, length, high) if side % 2 else (low, 0.0, high, length)
    start = _most_printed(upright_crop(*decoded, strip, STRIP_PX_MM), side % 2, along, length)
    return (start, least, start + along, most) if side % 2 else (least, start, most, start + along)


def _most_printed(strip: NDArray[np.uint8], axis: int, along_mm: float, length_mm: float) -> float:
    """Where along a strip of paper the part of `along_mm` begins that carries most print, in mm; in the middle where none does."""
    dark = np.maximum(float(np.median(strip)) - strip.mean(axis=2) - PRINT_LEVELS, 0).sum(axis=1 - axis)
    count = max(round(along_mm * STRIP_PX_MM), 1)
    if len(dark) <= count or not dark.any():
        return (length_mm - along_mm) / 2
    sums = np.convolve(dark, np.ones(count), "valid")
    # In the middle of the parts that carry as much.
    return float(np.flatnonzero(sums >= 0.99 * sums.max()).mean()) / STRIP_PX_MM


def _cut_at(edge: Edge, page: CommonPage, out_mm: float) -> float:
    """X of a cut at the left or right, y of one at the top or bottom, in mm of the page."""
    side = page.edges.index(edge)
    end = (0.0, 0.0, page.size.width_mm, page.size.height_mm)[side]
    return end + out_mm if side > 1 else end - out_mm


def _line(place: Place, page: CommonPage, other: PageScan, box: Box, px_mm: float) -> Line | None:
    """Where the other copy was cut."""
    if place.edge is None or place.edge not in other.cuts_mm:
        return None
    at = _cut_at(place.edge, page, other.cuts_mm[place.edge])
    x0, y0, x1, y1 = box
    if page.edges.index(place.edge) % 2:
        return Line(0.0, (at - y0) * px_mm, (x1 - x0) * px_mm, (at - y0) * px_mm)
    return Line((at - x0) * px_mm, 0.0, (at - x0) * px_mm, (y1 - y0) * px_mm)
