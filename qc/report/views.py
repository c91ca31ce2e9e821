"""What part of a page a picture shows, in the page frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Box, Size
from qc.measure.details import Line
from qc.model import Finding, ScanFile
from qc.scan.image_file import ScanHeader
from qc.units import px_per_mm

MARGIN_MM = 4.0
LEAST_HEIGHT_MM = 33.0
ASPECT = 4 / 3
AROUND_MM = 6.0
"""Shown around a page and beyond a cut: more than cuts lie outside the trim line."""
LOOK_DPI = 50.0
INK = 35
"""Grays darker than the paper from which a page of the reference has print: text, drawn this coarsely, is hardly darker, and light
tints touch edges, too, where nobody misses them."""
PRINT_MM = 14.0
"""Of the nearest print that is shown beside a cut: some words."""
MOST_MARGIN_MM = 60.0
"""Where print lies farther inside than this, a picture that reaches it no longer shows the cut."""
LEAST_ROWS = 12
"""Of `LOOK_DPI`, 6 mm: two lines of text; a folio or a speck is no text that was nearly taken."""
NEAR_MM, TEXT_LINES = 4.0, 4
"""Pieces of print, one below the other within a picture's height and this near to the nearest, from which it is taken for text: a
picture is one."""


class ReferenceCrops(Protocol):
    """What pictures need of a reference."""

    trim: Size
    pages: int

    def crop(self, page: int, box_mm: Box, dpi: float, /, *, exact: bool = True) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Marks:
    """Lines to draw over a picture, in page-frame millimeters: the trim line, the cut edge, the region found.

    `offset_mm` is the trim offset that is named beside them.
    """

    trim: Line | None = None
    cut: Line | None = None
    region: Box | None = None
    offset_mm: float | None = None


Look = Literal["found", "expected", "missing", "beside"]


@dataclass(frozen=True)
class FoldMark:
    """A fold to draw over a picture, in its frame: as designed, and as it is where it was seen; `offset_mm` is between them."""

    designed: Line
    seen: Line | None = None
    offset_mm: float | None = None


@dataclass(frozen=True)
class Part:
    """A picture to be made: of a scan, or of page `number` of what was ordered.

    `look` tells what was found from what was ordered and from the pages around it. Over one with `folds` these are drawn; one that
    is `turned` lies on its side, its head at the left.
    """

    title: str
    caption: str
    look: Look
    box_mm: Box
    scan: ScanFile | None = None
    to_scan: Affine | None = None
    number: int = 0
    ordered: ReferenceCrops | None = None
    folds: tuple[FoldMark, ...] = ()
    turned: bool = False


@dataclass(frozen=True)
class Sight:
    """What is shown of a finding; `closely`, all parts show the same place of a page, over which `marks` are drawn.

    `trim` is the size of that page, where it is known.
    """

    finding: Finding
    parts: tuple[Part, ...]
    marks: Marks = field(default_factory=Marks)
    closely: bool = False
    trim: Size | None = None


@dataclass(frozen=True)
class NearestPrint:
    """The print of a page nearest to one of its edges: how far inside it lies, and where along the edge, in mm."""

    inside_mm: float
    along_mm: float
    text: bool


def page_of(trim: Size) -> Box:
    """A page and a little around it."""
    return -AROUND_MM, -AROUND_MM, trim.width_mm + AROUND_MM, trim.height_mm + AROUND_MM


def whole_scan(scan: ScanHeader, to_scan: Affine) -> Box:
    """The page-frame box that holds the whole scan."""
    width, height = scan.width_px, scan.height_px
    corners = to_scan.inverse()([[0, 0], [width, 0], [width, height], [0, height]])
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def view(region: Box) -> Box:
    """What a picture of `region` shows: its surroundings too, always 4:3.

    Of a long narrow region (an edge, a streak) the middle is shown, so that it stays large enough to see.
    """
    x0, y0, x1, y1 = region
    height = max(LEAST_HEIGHT_MM, min(x1 - x0, y1 - y0) + 2 * MARGIN_MM)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    return cx - height * ASPECT / 2, cy - height / 2, cx + height * ASPECT / 2, cy + height / 2


def view_of_cut(trim: Line, cut: Line, page: Size, near: NearestPrint | None) -> Box:
    """What a picture of a cut shows: from a little beyond it to the nearest print, 4:3."""
    upright, low = across(trim, page)
    end = (trim[0][0] + trim[1][0]) / 2 if upright else (trim[0][1] + trim[1][1]) / 2
    off = (cut[0][0] + cut[1][0]) / 2 - end if upright else (cut[0][1] + cut[1][1]) / 2 - end
    inward = 1.0 if low else -1.0
    beyond = AROUND_MM + max(0.0, -inward * off)
    least = LEAST_HEIGHT_MM * (ASPECT if upright else 1.0)
    depth = max(least, beyond + (near.inside_mm + PRINT_MM if near else 0.0))
    start = end - inward * beyond
    first, last = sorted((start, start + inward * depth))
    length = depth / ASPECT if upright else depth * ASPECT
    side = page.height_mm if upright else page.width_mm
    middle = min(max(near.along_mm if near else side / 2, length / 2), max(side - length / 2, length / 2))
    a, b = middle - length / 2, middle + length / 2
    return (first, a, last, b) if upright else (a, first, b, last)


def across(trim: Line, page: Size) -> tuple[bool, bool]:
    """Whether a trim line runs down the page, and whether its page lies at larger coordinates."""
    upright = abs(trim[1][1] - trim[0][1]) > abs(trim[1][0] - trim[0][0])
    at, side = (trim[0][0], page.width_mm) if upright else (trim[0][1], page.height_mm)
    return upright, at < side / 2


def nearest_print(reference: ReferenceCrops, number: int, trim: Line) -> NearestPrint | None:
    """The print of page `number` nearest to a trim line; None where there is none near enough to be shown with it."""
    size = reference.trim
    gray = reference.crop(number, (0.0, 0.0, size.width_mm, size.height_mm), LOOK_DPI, exact=False).min(axis=2)
    upright, low = across(trim, size)
    inked = gray < float(np.quantile(gray, 0.9)) - INK
    ink = inked if upright else inked.T
    ink = ink if low else ink[:, ::-1]
    scale = px_per_mm(LOOK_DPI)
    first = np.where(ink.any(axis=1), ink.argmax(axis=1), ink.shape[1])
    rows = np.sort(first)
    if len(rows) < LEAST_ROWS or rows[LEAST_ROWS - 1] > MOST_MARGIN_MM * scale:
        return None
    inside = int(rows[LEAST_ROWS - 1])
    near = np.append(False, first <= inside + NEAR_MM * scale)
    window = np.ones(round(LEAST_HEIGHT_MM * scale))
    lines = np.convolve(near[1:] > near[:-1], window, "same")
    # Where the most lines of it lie within a picture's height, or of a picture the most.
    along = np.argmax(lines * len(near) + np.convolve(near[1:], window, "same"))
    return NearestPrint(inside / scale, (float(along) + 0.5) / scale, bool(lines.max() >= TEXT_LINES))


def grown(box: Box, within: Box, px_per_mm: float) -> tuple[Box, tuple[int, int]]:
    """`box` and up to half of it on each side, as far as that lies `within`; and how many pixels were added left and above."""
    x0, y0, x1, y1 = box
    half = ((x1 - x0) / 2, (y1 - y0) / 2) * 2
    room = (x0 - within[0], y0 - within[1], within[2] - x1, within[3] - y1)
    added = [round(min(max(r, 0.0), h) * px_per_mm) for r, h in zip(room, half, strict=True)]
    left, above, right, below = (n / px_per_mm for n in added)
    return (x0 - left, y0 - above, x1 + right, y1 + below), (added[0], added[1])
