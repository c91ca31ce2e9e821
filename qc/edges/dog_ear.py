"""A corner that is folded over: beyond a straight fold the paper is missing, and its mirrored flap covers the page."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing
from qc.edges.page_stack import Expected
from qc.geometry import Affine, Points
from qc.resample import warped
from qc.units import px_per_mm

AS_TRIANGLE = 0.15
"""By which the area of a folded corner may differ from that of the triangle: a tear is not as straight."""
BESIDE_MM = 1.2
STEP, SURE = 0.02, 4.0
"""Least change of light across the edge of a flap, of the contrast of paper to backing, and against what the page beside shows."""
DARK_ORDER, STILL_DARK, LEAST_MM2 = 0.75, 0.5, 4.0
"""Print is hidden where at least so much was ordered dark under the flap, and less than half of it shows."""


def is_folded(
    luminance: NDArray[np.float32],
    triangle: Points,
    area_mm2: float,
    backing: Backing,
    dpi: tuple[float, float],
    expected: Expected | None,
) -> bool:
    """Whether a missing corner lies on its page as a flap.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
    triangle : ndarray, shape (3, 2)
        Where the corner was and both ends of the fold, in pixels.
    area_mm2 : float
        That is missing.
    backing : Backing
    dpi : tuple of float
    expected : Expected or None
        What was ordered.

    Notes
    -----
    A flap shows by its two cut edges, mirrored at the fold: each casts a shadow or is a step of tone. Where print was ordered under
    it, that is hidden. An ear that was unfolded again is a crease and no dog-ear.
    """
    corner, one, other = triangle
    pixel = 1 / (px_per_mm(dpi[0]) * px_per_mm(dpi[1]))
    (ax, ay), (bx, by) = one - corner, other - corner
    if abs(0.5 * abs(ax * by - ay * bx) * pixel / area_mm2 - 1) > AS_TRIANGLE:
        return False
    fold = (other - one) / np.hypot(*(other - one))
    foot = one + ((corner - one) @ fold) * fold
    tip = 2 * foot - corner
    contrast = backing.paper - backing.level
    if all(_shows_edge(luminance, end, tip, px_per_mm(dpi[0]), contrast) for end in (one, other)):
        return True
    return expected is not None and _hides_print(luminance, np.array([one, other, tip]), backing, pixel, expected)


def _shows_edge(luminance: NDArray[np.float32], start: Points, end: Points, scale: float, contrast: float) -> bool:
    """Whether a line of other light, or a step, runs along the middle part of a segment."""
    a, b = start + 0.25 * (end - start), start + 0.85 * (end - start)
    length, reach = float(np.hypot(*(b - a))), 3 * BESIDE_MM * scale
    along = (b - a) / length
    across = np.array([-along[1], along[0]])
    to_image = Affine(np.column_stack([along, across, a - reach * across]))
    strip = warped(luminance, to_image, (max(round(length), 8), round(2 * reach) + 1), float("nan"))
    profile = np.nanmedian(strip, axis=1)
    change = np.abs(np.diff(cv2.GaussianBlur(profile.astype(np.float32)[:, None], (1, 3), 0)[:, 0]))
    middle = slice(round(reach - BESIDE_MM * scale), round(reach + BESIDE_MM * scale))
    beside = np.concatenate([change[: middle.start], change[middle.stop :]])
    most = float(np.nanmax(change[middle]))
    return most > STEP * contrast and most > SURE * float(np.nanmedian(beside))


def _hides_print(
    luminance: NDArray[np.float32], flap: Points, backing: Backing, pixel_mm2: float, expected: Expected
) -> bool:
    low, high = flap.min(axis=0).astype(int), flap.max(axis=0).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, luminance.shape[::-1])
    if (high - low).min() < 2:
        return False
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(flap - low).astype(np.int32), 1)
    ordered = expected.strip(Affine.shift(float(low[0]), float(low[1])), (inside.shape[0], inside.shape[1]))
    dark = (inside > 0) & (ordered < DARK_ORDER)
    if float(dark.sum()) * pixel_mm2 < LEAST_MM2:
        return False
    light = luminance[low[1] : high[1], low[0] : high[0]][dark] / max(backing.paper, 1e-6)
    return float((1 - light).mean()) < STILL_DARK * float((1 - ordered[dark]).mean())
