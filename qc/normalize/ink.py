"""Share of the paper that carries print, and what kind of page that makes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size
from qc.model import PageKind
from qc.normalize.page_kind import FINE_DPI, STROKE_MM2, Appearance, Mark, soft_look, sort_marks
from qc.resample import shrunk_with_map, warped
from qc.units import px_per_mm

INK_DPI = 75.0
SCALE = px_per_mm(INK_DPI)
MARGIN_MM = 4.0
"""Rim left out all round: cut edge, shadow, and backing that shows where the cut is too deep."""

BARE_PAPER = 0.45
"""Paper as dark as this in linear light is none; toned book paper of 200 years ago scans at 0.55."""
MANY_SPECKS = 150
"""Dust and paper leave tens of specks on a page, a dot grid more than a thousand."""
SPARSE = 0.08
"""Coverage below which each mark is looked at; a page of text has more."""
HARDLY = 0.1
"""Share of the marks that is darker than 65 % of the paper below which a page may be all show-through; half of a text is."""
MANY_LETTERS = 100
VEILED = 0.955
"""Tenth part of a blank page's light, relative to its paper, below which something shines through: clean paper keeps 0.97."""
TONED = 0.88
"""Paper around the middle of the page this much darker than its brightest: a picture in pale tones."""
BRIGHT = 0.85
"""Of the page's paper; less is a tone, or the dim side of a lamp."""
DUSTY = 8


@dataclass(frozen=True)
class Ink:
    """Ink on a page: `coverage` and its `u` as fractions, the `kind` of page with a `reason`, and `paper`, the
    luminance taken for bare paper. `look` is finer than the kind, `marks` are its blobs and streaks, and `print_mm` is the
    box (x0, y0, x1, y1 in the page frame) that holds all print of a page with little of it. `bright` is the share of the page
    that is about as bright as its paper: pictures have little ink against what lies around them, and yet are no bare paper."""

    coverage: float
    u: float
    kind: PageKind
    reason: str
    paper: float
    look: Appearance = Appearance.PRINT
    marks: tuple[Mark, ...] = ()
    print_mm: tuple[float, float, float, float] | None = None
    bright: float = 1.0


@dataclass(frozen=True)
class _Inside:
    """A page inside its margin: the scan and where the page lies in it, its light at `INK_DPI`, that of bare paper around each
    pixel, and that of its brightest `paper`."""

    luminance: NDArray[np.float32]
    to_px: Affine
    light: NDArray[np.float32]
    local: NDArray[np.float32]
    paper: float

    @property
    def size_mm(self) -> tuple[float, float]:
        height, width = self.light.shape
        return width / SCALE, height / SCALE

    def share(self, areas_mm2: NDArray[np.float64]) -> float:
        """Of the page that these areas cover."""
        return float(areas_mm2.sum() * SCALE**2 / self.light.size)


def local_paper(plane: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Brightness of bare paper around each pixel: a high quantile of blocks, smoothed."""
    rows, cols = max(plane.shape[0] // block, 1), max(plane.shape[1] // block, 1)
    cut = plane[: rows * block, : cols * block]
    blocks = cut.reshape(rows, cut.shape[0] // rows, cols, cut.shape[1] // cols).swapaxes(1, 2).reshape(rows, cols, -1)
    values = blocks[:, :, ::2]
    at = 0.85 * (values.shape[2] - 1)
    below = int(at)
    # One partition and the least of what lies above it: numpy's own quantile takes five times as long.
    parted = np.partition(values, below, axis=2)
    low, next_one = parted[:, :, below], parted[:, :, min(below + 1, values.shape[2] - 1) :].min(axis=2)
    high = low + (next_one - low) * np.float32(at - below)
    return np.asarray(cv2.resize(high, plane.shape[::-1], interpolation=cv2.INTER_LINEAR))


def ink_coverage(luminance: NDArray[np.float32], to_px: Affine, trim: Size) -> Ink:
    """Share of the page covered with print, a margin of 4 mm left out.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    to_px : Affine
        Page-frame mm -> pixels; good to a few millimeters.
    trim : Size

    Returns
    -------
    Ink
        `coverage` in 0..1 with its standard uncertainty from the choice of the darkness that counts as ink.

    Notes
    -----
    Ink is what is darker than 80 % of the paper around it, in linear light, in connected pieces of at least half a
    square millimeter and 1.3 mm long (0.3 mm dust does not count), or a region that is darker than half of the page's paper
    as a whole (solid print). Where these cover less than 8 %, or are many, small and faint, each piece is looked at
    (`page_kind`): shadows, stains and show-through are soft and faint and do not count, blobs and streaks are marks that
    nobody ordered. A page is blank if nothing else is left; folio-only when what is left fits a strip of 30 x 8 mm near the
    head or the tail. Show-through that takes more than 40 % of the light (old paper that the ink struck through) is taken
    for content, never the other way round. So is a picture in pale tones, and a page with nothing but a pencil mark on it.
    A black disc or a line from edge to edge that was ordered is told from a blob or a streak by the reference only.
    """
    size = (max(round(trim.width_mm * SCALE), 8), max(round(trim.height_mm * SCALE), 8))
    source, to_source = shrunk_with_map(luminance, to_px, int(to_px.scale[0] / SCALE + 0.01))
    page = warped(source, to_source.after(Affine.scaling(1 / SCALE)), size)
    margin = round(MARGIN_MM * SCALE)
    page = page[margin:-margin, margin:-margin]
    paper = float(np.quantile(page[::2, ::2], 0.97))
    local = local_paper(page, round(8 * SCALE))
    bright = float((local > BRIGHT * paper).mean())
    return replace(_ink(_Inside(luminance, to_px, page, local, paper)), bright=bright)


def _ink(page: _Inside) -> Ink:
    light, local, paper = page.light, page.local, page.paper
    ratio = np.asarray(light / np.maximum(local, 1e-3), np.float32)
    solid = (local < 0.5 * max(paper, BARE_PAPER)) & (light < 0.5 * max(paper, BARE_PAPER))
    # A shadow toward a side is no print: solid regions count only where they reach away from the sides.
    rim = round(12 * SCALE)
    if not solid[rim:-rim, rim:-rim].any():
        solid[:] = False
    dark = (ratio < 0.8) | solid
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(dark.view(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA)
    pieces = stats[1:]
    extent = np.maximum(pieces[:, cv2.CC_STAT_WIDTH], pieces[:, cv2.CC_STAT_HEIGHT]) / SCALE
    area = np.asarray(pieces[:, cv2.CC_STAT_AREA] / SCALE**2, np.float64)
    kept = (extent >= 1.3) & (area >= 0.5)
    coverage = page.share(area[kept])
    strict = float(((ratio < 0.65) | solid).mean()) if kept.any() else 0.0
    u = max(abs(coverage - strict) / np.sqrt(3), 1e-4)
    specks = int((~kept).sum())
    if paper < BARE_PAPER:
        reason = "no bare paper in sight: printed all over"
        return Ink(max(coverage, 1 - paper / BARE_PAPER), 0.2, PageKind.CONTENT, reason, paper)
    if not kept.any() and specks >= MANY_SPECKS:
        coverage = page.share(area)
        reason = f"{specks} small marks, as of a dot grid"
        return Ink(coverage, max(coverage / 3, 1e-4), PageKind.CONTENT, reason, paper)
    if solid.any() or (coverage >= SPARSE and not _is_veil(area[kept], strict, coverage)):
        return Ink(coverage, u, PageKind.CONTENT, f"{100 * coverage:.1f} % of the page is printed", paper)
    toned = float(np.median(local)) < TONED * paper
    if not kept.any() and toned:
        return Ink(coverage, u, PageKind.CONTENT, PALE, paper)
    if not kept.any():
        bare, said = _bare(ratio, local, specks)
        reason = f"{said} (nothing darker than 80 % of the paper and longer than 1.3 mm, {specks} specks)"
        return Ink(0.0, u, PageKind.BLANK, reason, paper, bare)
    boxes = np.asarray(pieces[kept][:, :4] / SCALE, np.float64)
    pale = Ink(coverage, u, PageKind.CONTENT, PALE, paper)
    return _few_pieces(page, boxes, area[kept], toned, pale)


def _few_pieces(page: _Inside, boxes: NDArray[np.float64], areas: NDArray[np.float64], toned: bool, pale: Ink) -> Ink:
    """Ink on a page with little on it, piece by piece; `pale` is what it is where that does not tell."""
    coverage, u, paper, to_px = pale.coverage, pale.u, page.paper, page.to_px
    width, height = page.size_mm
    fine, corner = _fine(page, boxes)
    sharp = to_px.scale[0] >= 0.9 * px_per_mm(FINE_DPI)
    told = sort_marks(fine, boxes - [*corner, 0, 0], (width, height), sharp=sharp)
    soft = list(told.soft)
    look: Appearance | None = soft_look(boxes[soft], areas[soft], width) if soft else Appearance.CLEAN
    if toned or look is None:
        return Ink(coverage, max(u, coverage / 3), PageKind.CONTENT, PALE, paper)
    coverage -= page.share(areas[soft])
    marks = tuple(
        _mark(code, boxes[k], to_px) for code, those in (("spot", told.blobs), ("streak", told.streaks)) for k in those
    )
    if not told.print and not marks:
        return Ink(0.0, u, PageKind.BLANK, f"blank, with {_SOFT[look]}", paper, look)
    if not told.print:
        said = ", ".join(f"a {_NAMES[m.code]} {m.size_mm:.1f} mm long" for m in marks[:3])
        reason = f"blank, with a defect: {said}" + (f" and {len(marks) - 3} more" if len(marks) > 3 else "")
        return Ink(coverage, u, PageKind.BLANK, reason, paper, Appearance.DEFECT, marks)
    left, top = boxes[list(told.print), :2].min(axis=0)
    right, bottom = (boxes[list(told.print), :2] + boxes[list(told.print), 2:]).max(axis=0)
    printed = (float(left) + MARGIN_MM, float(top) + MARGIN_MM, float(right) + MARGIN_MM, float(bottom) + MARGIN_MM)
    if right - left < 30 and bottom - top < 8 and (bottom < 0.15 * height or top > 0.85 * height):
        reason = f"print only in {right - left:.0f} x {bottom - top:.0f} mm, as of a folio"
        return Ink(coverage, u, PageKind.FOLIO_ONLY, reason, paper, Appearance.FOLIO, marks, printed)
    reason = f"{100 * coverage:.1f} % of the page is printed"
    return Ink(coverage, u, PageKind.CONTENT, reason, paper, Appearance.PRINT, marks, printed)


def _is_veil(areas: NDArray[np.float64], strict: float, coverage: float) -> bool:
    """Whether a page full of marks may be letters seen through the paper: many, small, and hardly any of them dark."""
    return bool(strict < HARDLY * coverage and len(areas) >= MANY_LETTERS and np.quantile(areas, 0.95) < STROKE_MM2)


PALE = "pale tones all over the page"
_SOFT = {
    Appearance.SHOW_THROUGH: "show-through from the other side",
    Appearance.SHADOW: "a shadow along a side",
    Appearance.DIRT: "soft stains",
}
_NAMES = {"spot": "dark blob", "streak": "dark streak"}


def _bare(ratio: NDArray[np.float32], local: NDArray[np.float32], specks: int) -> tuple[Appearance, str]:
    """Appearance of a page without any piece of ink, and how to say it."""
    rim = max(local.shape[1] // 20, 1)
    middle = float(np.median(local[:, rim:-rim]))
    sides = min(float(np.median(local[:, :rim])), float(np.median(local[:, -rim:])))
    if float(np.quantile(ratio[::2, ::2], 0.1)) < VEILED:
        return Appearance.SHOW_THROUGH, "blank, with show-through from the other side"
    if sides < 0.85 * middle:
        return Appearance.SHADOW, "blank, with a shadow along a side"
    if specks >= DUSTY:
        return Appearance.DIRT, "blank, with dust"
    return Appearance.CLEAN, "blank"


def _fine(page: _Inside, boxes: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Light relative to the paper around at `FINE_DPI`, of the part that holds all boxes (mm inside the margin), and the
    place of its left-top corner there."""
    fine = px_per_mm(FINE_DPI)
    left, top = np.maximum(np.floor(boxes[:, :2].min(axis=0) * SCALE).astype(int) - 2, 0)
    right, bottom = np.ceil((boxes[:, :2] + boxes[:, 2:]).max(axis=0) * SCALE).astype(int) + 2
    around = page.local[top:bottom, left:right]
    size = (round(around.shape[1] * FINE_DPI / INK_DPI), round(around.shape[0] * FINE_DPI / INK_DPI))
    corner = np.array([left, top]) / SCALE
    source, to_source = shrunk_with_map(page.luminance, page.to_px, int(page.to_px.scale[0] / fine + 0.01))
    to_page = Affine.shift(*(float(v) + MARGIN_MM for v in corner)).after(Affine.scaling(1 / fine))
    picture = warped(source, to_source.after(to_page), size)
    paper = cv2.resize(around, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture / np.maximum(paper, 1e-3), np.float32), corner


def _mark(code: str, box: NDArray[np.float64], to_px: Affine) -> Mark:
    """A mark from its box inside the margin, mm."""
    x, y, w, h = (float(v) for v in box)
    x, y = x + MARGIN_MM, y + MARGIN_MM
    corners = to_px([[x, y], [x + w, y], [x, y + h], [x + w, y + h]])
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return Mark(code, (x, y, x + w, y + h), (float(x0), float(y0), float(x1), float(y1)))
