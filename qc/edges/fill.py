"""Borders of one value added by a scanner's driver; removed where backing lies behind them.

A feeder that delivers less than the frame it was asked for, or a program that brings all pages to one size, fills the
rest with white, gray or black. Backing that clips is of one value, too; it is told by where it ends: a fill ends in one
row of pixels over the whole width of the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import LINEAR_LUT
from qc.geometry import Points
from qc.stats import median
from qc.units import px_per_mm

EVEN, FAR = 2, 8
"""Levels of 255 within which pixels have one value, and from which on they have another."""
RINGING, RINGING_PX = 24, 8
"""Levels by which JPEG unsettles the block of pixels that a fill ends in."""
STRAY = 0.005
"""Share of a row's pixels that may differ."""
WINDOW_PX = 12
BEHIND_MM = 0.5
DARKER = 0.72
"""Share of the light of paper up to which what lies behind a fill is backing."""
USUAL_PAPER = 0.82
LEAST_BACKING = 0.05
"""Of the length of a fill that must have backing behind it."""
LEAST_PAPER = 0.1
"""Share of paper in what is left without a fill."""
LEAST_BESIDE = 0.8
"""Of the length of a side that must show backing."""
ROUNDS = 3
LEAST_MM = 20.0

Gray = NDArray[np.uint8]


def filled_beyond(pixels: NDArray[np.uint8], ends: Points) -> bool:
    """Whether all that lies between an edge and the frame has one value, as a fill has and backing that clips.

    Parameters
    ----------
    pixels : ndarray, shape (h, w) or (h, w, 3), uint8
    ends : ndarray, shape (2, 2)
        The edge; walking from the first to the second point, the paper lies to the right.
    """
    along = ends[1] - ends[0]
    outward = np.array([along[1], -along[0]])
    axis = int(np.argmax(np.abs(outward)))
    size = pixels.shape[1 - axis]
    at = ends[:, axis]
    first, last = (0, int(np.floor(at.min())) - 1) if outward[axis] < 0 else (int(np.ceil(at.max())) + 2, size)
    if first >= last:
        return False
    beyond = pixels[first:last] if axis else pixels[:, first:last]
    gray = beyond if beyond.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(beyond), cv2.COLOR_RGB2GRAY)
    rows = gray if axis else gray.T
    away = np.abs(rows.astype(np.int16) - np.int16(np.median(rows)))
    near = np.arange(len(rows))[::-1] if outward[axis] < 0 else np.arange(len(rows))
    return bool((away <= np.where(near < RINGING_PX, RINGING, EVEN)[:, None]).mean() > 1 - STRAY)


def content_box(gray: Gray, dpi: tuple[float, float]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a picture without the borders that were filled in beyond its backing.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
    dpi : tuple of float
        Along x and y.

    Notes
    -----
    A fill that meets the paper all along stays: one picture does not tell it from backing that clips.
    """
    h, w = gray.shape
    x0, y0, x1, y1 = 0, 0, w, h
    least = [round(LEAST_MM * px_per_mm(d)) for d in dpi]
    for _ in range(ROUNDS):
        inner = gray[y0:y1, x0:x1]
        views = (inner.T, inner, inner.T[::-1], inner[::-1])
        even = [_even_rows(view) for view in views]
        if not any(even):
            break
        paper = max(float(np.quantile(LINEAR_LUT[inner[::8, ::8]], 0.9)), USUAL_PAPER)
        cut = [0, 0, 0, 0]
        for side, view in enumerate(views):
            # The corners belong to the fill of the sides next to this one.
            a, b = even[0 if side % 2 else 1], even[2 if side % 2 else 3]
            middle = view[:, a : view.shape[1] - b]
            if even[side] and middle.shape[1]:
                cut[side] = _fill(middle, even[side], round(BEHIND_MM * px_per_mm(dpi[side % 2])), paper)
        if not any(cut) or x1 - x0 - cut[0] - cut[2] < least[0] or y1 - y0 - cut[1] - cut[3] < least[1]:
            break
        x0, y0, x1, y1 = x0 + cut[0], y0 + cut[1], x1 - cut[2], y1 - cut[3]
    return x0, y0, x1, y1


def _even_rows(view: Gray) -> int:
    """Number of the first rows that are all of one value."""
    value = np.int16(median(view[0]))
    for depth in range(len(view)):
        if np.count_nonzero(np.abs(view[depth].astype(np.int16) - value) > EVEN) > STRAY * view.shape[1]:
            return depth
    return 0


def _fill(view: Gray, depth: int, behind_px: int, paper: float) -> int:
    """Rows that a fill takes, where it ends in one row of pixels all along and backing lies behind; else 0."""
    value = np.int16(np.median(view[0]))
    window = np.abs(view[depth - 1 : depth + WINDOW_PX].astype(np.int16) - value)
    most = window.max(axis=0)
    if (most < FAR).mean() > STRAY:
        return 0
    ends = (window >= 0.5 * most).argmax(axis=0)
    low, high = np.quantile(ends, (0.02, 0.98))
    if high - low > 1:
        return 0
    # The row in which fill and picture mix goes with the fill, and one more: distortion is taken out afterwards.
    end = depth + int(high) + 1
    behind = view[end : end + behind_px]
    plain = np.ptp(behind.astype(np.int16), axis=0) <= FAR
    dark = plain & (LINEAR_LUT[np.median(behind, axis=0).astype(np.uint8)] < DARKER * paper)
    return end if dark.mean() >= LEAST_BACKING and _shows_sheet_on_backing(view[end:], behind_px, paper) else 0


def _shows_sheet_on_backing(view: Gray, behind_px: int, paper: float) -> bool:
    """Whether paper is left without a fill, and backing along its left or right.

    A picture or a flat color over the whole width of a cropped page ends in one row above clipped paper, too.
    """
    if (LINEAR_LUT[view[::8, ::8]] >= DARKER * paper).mean() < LEAST_PAPER:
        return False
    for strip in (view[:, :behind_px], view[:, -behind_px:]):
        plain = np.ptp(strip.astype(np.int16), axis=1) <= FAR
        dark = plain & (LINEAR_LUT[np.median(strip, axis=1).astype(np.uint8)] < DARKER * paper)
        if len(dark) and dark.mean() >= LEAST_BESIDE:
            return True
    return False
