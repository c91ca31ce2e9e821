"""Share of the paper that carries print, and what kind of page that makes it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size
from qc.model import PageKind
from qc.resample import shrunk_with_map, warped
from qc.units import px_per_mm

INK_DPI = 75.0
MARGIN_MM = 4.0
"""Rim left out all round: cut edge, shadow, and backing that shows where the cut is too deep."""

BARE_PAPER = 0.45
"""Paper as dark as this in linear light is none; toned book paper of 200 years ago scans at 0.55."""
MANY_SPECKS = 150
"""Dust and paper leave tens of specks on a page, a dot grid more than a thousand."""


@dataclass(frozen=True)
class Ink:
    """Ink on a page: `coverage` and its `u` as fractions, the `kind` of page with a `reason`, and `paper`, the
    luminance taken for bare paper."""

    coverage: float
    u: float
    kind: PageKind
    reason: str
    paper: float


def local_paper(plane: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Brightness of bare paper around each pixel: a high quantile of blocks, smoothed."""
    rows, cols = max(plane.shape[0] // block, 1), max(plane.shape[1] // block, 1)
    cut = plane[: rows * block, : cols * block]
    blocks = cut.reshape(rows, cut.shape[0] // rows, cols, cut.shape[1] // cols).swapaxes(1, 2).reshape(rows, cols, -1)
    high = np.quantile(blocks[:, :, ::2], 0.85, axis=2).astype(np.float32)
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
    square millimeter (0.3 mm dust does not count), or a region that is darker than half of the page's paper as a whole
    (solid print). A page is blank without any such piece 1.3 mm long; folio-only when all of them fit a strip of 30 x 8
    mm near the head or the tail. Show-through darkens by 5 to 15 % and stays below; strong show-through through thin
    paper does not, and is then taken for content, never the other way round.
    """
    scale = px_per_mm(INK_DPI)
    size = (max(round(trim.width_mm * scale), 8), max(round(trim.height_mm * scale), 8))
    source, to_source = shrunk_with_map(luminance, to_px, int(to_px.scale[0] / scale + 0.01))
    page = warped(source, to_source.after(Affine.scaling(1 / scale)), size)
    margin = round(MARGIN_MM * scale)
    page = page[margin:-margin, margin:-margin]
    paper = float(np.quantile(page[::2, ::2], 0.97))
    local = local_paper(page, round(8 * scale))
    ratio = page / np.maximum(local, 1e-3)
    solid = (local < 0.5 * max(paper, BARE_PAPER)) & (page < 0.5 * max(paper, BARE_PAPER))
    # A shadow toward a side is no print: solid regions count only where they reach away from the sides.
    rim = round(12 * scale)
    if not solid[rim:-rim, rim:-rim].any():
        solid[:] = False
    dark = (ratio < 0.8) | solid
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    pieces = stats[1:]
    extent = np.maximum(pieces[:, cv2.CC_STAT_WIDTH], pieces[:, cv2.CC_STAT_HEIGHT]) / scale
    area = pieces[:, cv2.CC_STAT_AREA] / scale**2
    kept = (extent >= 1.3) & (area >= 0.5)
    coverage = float(area[kept].sum() * scale**2 / page.size)
    strict = float(((ratio < 0.65) | solid).mean()) if kept.any() else 0.0
    u = max(abs(coverage - strict) / np.sqrt(3), 1e-4)
    specks = int((~kept).sum())
    if paper < BARE_PAPER:
        reason = "no bare paper in sight: printed all over"
        return Ink(max(coverage, 1 - paper / BARE_PAPER), 0.2, PageKind.CONTENT, reason, paper)
    if not kept.any() and specks >= MANY_SPECKS:
        coverage = float(area.sum() * scale**2 / page.size)
        reason = f"{specks} small marks, as of a dot grid"
        return Ink(coverage, max(coverage / 3, 1e-4), PageKind.CONTENT, reason, paper)
    if not kept.any():
        reason = f"nothing darker than 80 % of the paper and longer than 1.3 mm ({specks} specks)"
        return Ink(0.0, u, PageKind.BLANK, reason, paper)
    boxes = pieces[kept]
    left = boxes[:, cv2.CC_STAT_LEFT].min() / scale
    right = (boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH]).max() / scale
    top = boxes[:, cv2.CC_STAT_TOP].min() / scale
    bottom = (boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]).max() / scale
    height = page.shape[0] / scale
    if right - left < 30 and bottom - top < 8 and (bottom < 0.15 * height or top > 0.85 * height):
        return Ink(coverage, u, PageKind.FOLIO_ONLY, f"print only in {right - left:.0f} x {bottom - top:.0f} mm", paper)
    return Ink(coverage, u, PageKind.CONTENT, f"{100 * coverage:.1f} % of the page is printed", paper)
