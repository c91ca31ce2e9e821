"""Where the frame of a scan cuts into the paper: no edge is seen there, but the paper reaches at least that far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Points
from qc.units import px_per_mm

RIM_MM = 3.0
SEGMENTS = 60
MAX_CHANGE = 0.04
"""Of the brightness over the rim, relative: a lid, its shadow or the end of the paper changes it by more."""
PAPER_SHARE = 0.85
"""Of the brightness of the page's paper that the rim must have."""


def paper_to_frame(luminance: NDArray[np.float32], ends: Points, dpi: float) -> Points | None:
    """The side of the frame beyond a guessed edge, where the paper runs on to it.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    ends : ndarray, shape (2, 2)
        Guess: end points in pixels; walking from the first to the second, the paper lies to the right.
    dpi : float
        Across the edge.

    Returns
    -------
    ndarray, shape (2, 2), or None
        End points of the frame's side in pixels, at the outer border of its pixels. None where the outermost 3 mm are
        not as bright as the paper or change: backing, a shadow or a picture may lie there.

    Notes
    -----
    A white lid that is exactly as bright as the paper and throws no shadow fools it: ask only where no lid is seen.
    """
    h, w = luminance.shape
    along = ends[1] - ends[0]
    outward = np.array([along[1], -along[0]])
    axis = int(np.argmax(np.abs(outward)))
    positive = bool(outward[axis] > 0)
    view = luminance if axis == 1 else luminance.T
    view = view[::-1] if positive else view
    rim = view[: round(RIM_MM * px_per_mm(dpi))].astype(np.float64)
    bounds = np.linspace(0, rim.shape[1], SEGMENTS + 1).round().astype(int)
    profile = np.median(np.add.reduceat(rim, bounds[:-1], axis=1) / np.diff(bounds), axis=1)
    level = float(np.median(profile))
    paper = float(np.quantile(luminance, 0.9))
    if level < PAPER_SHARE * paper or np.abs(profile - level).max() > MAX_CHANGE * level:
        return None
    at = (h, w)[1 - axis] - 0.5 if positive else -0.5
    side = np.array([[-0.5, at], [w - 0.5, at]]) if axis == 1 else np.array([[at, -0.5], [at, h - 0.5]])
    return side
