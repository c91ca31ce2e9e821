"""The wall of the spine, which a scanner with a lens sees beside the fold: how far inside the outermost line the fold lies.

The wall stands upright on the glass and gets little light, so what is printed there looks darker than ordered. The arc of a
fold darkens, too, but only over its last half millimeter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.edges.cover_strip import CoverStrip, Line

AT_FOLD = 0.72
"""Share of the light on flat art that is left where the arc turns upright: 0.60 to 0.77 on 25 drawn folds of radii from 0.2 to
1.3 mm with a wall beside them."""
ARC_MM, WALL_MM = 0.4, 0.7
"""Up to the first, the arc of a fold is as dark, of radii up to 1 mm; beyond the second it is a wall. Between them, a fold of a
radius of 1.5 mm is less dark than `AT_WALL` at `DEEP_MM` inside its end: 0.40 to 0.55 on drawn folds, a wall 0.02 to 0.24."""
AT_WALL, DEEP_MM = 0.3, 0.25
REACH_MM, STEP_MM = 6.0, 0.05
FLAT_MM = 2.5
"""Of the strip, at least, is taken for flat."""
LID_MM = 0.2
"""Next to the line the lid shines in."""
DARK_SHARE = 0.75
"""Of the wall that must be dark: lettering that is not where it was ordered is not."""
LEAST_TONE = 0.006
"""Ordered light below which art tells nothing of the light on it; 8 % of full as encoded."""
MIN_KNOWN = 0.25
"""Share of the segments that must tell."""


@dataclass(frozen=True)
class FoldPlace:
    """Where the fold lies inside the outermost line, in mm, and the standard uncertainty of that; None where art tells nothing."""

    inside_mm: float
    u_mm: float


def find_fold(strip: CoverStrip, line: Line, u_fold: float, u_wall: float) -> FoldPlace | None:
    """Tell the end of a fold from the end of the wall beside it."""
    d = np.arange(0.0, REACH_MM, STEP_MM)
    gain = _gain(strip, line, d)
    known = np.isfinite(gain)
    near = (d > LID_MM) & (d < WALL_MM)
    if known[near].mean() < 0.5:
        return None
    begins = _begins(d, gain)
    if begins <= ARC_MM:
        return FoldPlace(0.0, u_fold)
    if begins <= WALL_MM:
        # Either is possible; the likelier one is taken.
        deep = float(np.interp(DEEP_MM, d[known], gain[known])) < AT_WALL
        return FoldPlace(begins if deep else 0.0, float(np.hypot(u_fold, begins / 3)))
    return FoldPlace(begins, u_wall)


def _begins(d: NDArray[np.float64], gain: NDArray[np.float64]) -> float:
    """Distance from the line from which on, outward, nearly all is dark."""
    dark = np.where(np.isfinite(gain), gain < AT_FOLD, np.nan)
    dark[d <= LID_MM] = np.nan
    for k in np.flatnonzero(dark == 1)[::-1]:
        if np.nanmean(dark[: k + 1]) >= DARK_SHARE:
            return float(d[k])
    return 0.0


def _gain(strip: CoverStrip, line: Line, d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light on what was ordered at distances inside a line, against that on the flat cover; NaN where art does not tell."""
    rows = strip.rows(line)
    flat = np.arange(strip.ordered.shape[1])[None, :] < np.maximum(rows - REACH_MM * strip.scale, FLAT_MM * strip.scale)[:, None]
    meant = np.where(strip.ordered > LEAST_TONE, strip.ordered, np.nan)
    share = strip.luminance / meant
    if not np.isfinite(share[flat]).any():
        return np.full(d.shape, np.nan)
    whole = float(np.nanmedian(share[flat]))
    own = np.array([np.nanmedian(s[f]) if np.isfinite(s[f]).any() else whole for s, f in zip(share, flat, strict=True)])
    seen = np.array([strip.at(share / own[:, None], rows - x * strip.scale) for x in d])
    known = np.isfinite(seen).mean(axis=1) >= MIN_KNOWN
    return np.array([float(np.nanmedian(s)) if k else np.nan for s, k in zip(seen, known, strict=True)])
