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
"""Up to the first, the arc of a fold is as dark, of radii up to 1 mm; beyond the second it is a wall."""
DEEP = 0.5
"""Between them, an arc has more than this share of the light `ARC_MM` inside its end, a wall less. On 12 drawn folds without a wall
0.54 to 0.71, on 10 walls of 0.4 to 0.8 mm, of which six are told, 0.14 to 0.70."""
REACH_MM, STEP_MM = 6.0, 0.05
FLAT_MM = 2.5
"""Of the strip, at least, is taken for flat."""
GLARE, GLARE_MM, U_GLARE_MM = 1.15, 1.0, 0.12
"""Lit more than flat art so near the line, a fold may end beyond its glare, out of focus, or be a wall: glossy were 8 of the 15 of
190 drawn folds that were off by more than 2 u without it."""
BESIDE_MM, ALIKE = (2.0, 5.0), 0.15
"""So far inside the line a fold without a wall, or with a narrow one, is flat; and by which share tones are alike."""
LID_MM = 0.2
"""Next to the line the lid shines in."""
DARK_SHARE = 0.75
"""Of the wall that must be dark: lettering that is not where it was ordered is not."""
INK = 0.02
"""Light that black ink gives back, of a density of 1.7; scans of black covers show 0.01 to 0.04."""
LEAST_LIGHT = 0.003
"""Of the flat cover, below which its shading is not seen; 10 of 255 as encoded."""


@dataclass(frozen=True)
class FoldPlace:
    """How far inside the outermost line the fold lies, and the standard uncertainty of that, in mm."""

    inside_mm: float
    u_mm: float


def find_fold(strip: CoverStrip, line: Line, u_fold: float, u_wall: float) -> FoldPlace | None:
    """Tell the end of a fold from the end of the wall beside it; None where art is too dark to tell."""
    d = np.arange(0.0, REACH_MM, STEP_MM)
    if not _middle(strip.luminance[_flat(strip, line)]) >= LEAST_LIGHT:
        return None
    gain = _gain(strip, line, d, _flat(strip, line))
    known = np.isfinite(gain)
    if known[(d > LID_MM) & (d < WALL_MM)].mean() < 0.5:
        return None
    begins = _begins(d, gain)
    beside = _alike_beside(strip, line) if begins < BESIDE_MM[0] else None
    if beside is not None:
        gain = _gain(strip, line, d, beside)
        begins, known = _begins(d, gain), np.isfinite(gain)
    if begins <= ARC_MM:
        lit = bool(np.nanmax(gain[(d > LID_MM) & (d < GLARE_MM)]) > GLARE)
        return FoldPlace(0.0, float(np.hypot(u_fold, U_GLARE_MM * lit)))
    if begins <= WALL_MM:
        # Either is possible; the likelier one is taken.
        deep = float(np.interp(ARC_MM, d[known], gain[known])) < DEEP
        return FoldPlace(begins if deep else 0.0, float(np.hypot(u_wall, begins / 2)))
    # A tone that is seen nowhere else may print darker than ordered: then there is no wall.
    alone = beside is None and begins < BESIDE_MM[0]
    return FoldPlace(begins, float(np.hypot(u_wall, begins / 2 * alone)))


def _begins(d: NDArray[np.float64], gain: NDArray[np.float64]) -> float:
    """Distance from the line from which on, outward, nearly all is dark."""
    dark = np.where(np.isfinite(gain), gain < AT_FOLD, np.nan)
    dark[d <= LID_MM] = np.nan
    for k in np.flatnonzero(dark == 1)[::-1]:
        if np.nanmean(dark[: k + 1]) >= DARK_SHARE:
            return float(d[k])
    return 0.0


def _inside_mm(strip: CoverStrip, line: Line) -> NDArray[np.float64]:
    """How far inside a line each place of the strip lies."""
    return np.asarray((strip.rows(line)[:, None] - np.arange(strip.ordered.shape[1])[None, :]) / strip.scale)


def _flat(strip: CoverStrip, line: Line) -> NDArray[np.bool_]:
    """Where the strip shows the flat cover, whatever the wall."""
    inside = _inside_mm(strip, line)
    return (inside > REACH_MM) | (np.arange(inside.shape[1])[None, :] < FLAT_MM * strip.scale)


def _alike_beside(strip: CoverStrip, line: Line) -> NDArray[np.bool_] | None:
    """Where art of the tone ordered at the line is seen flat near it; None where most parts have none.

    Press and scanner do not render all tones alike: of dark art on the spine of a light cover 1.2 to 1.5 times the light is seen.
    """
    inside = _inside_mm(strip, line)
    at_line = np.where((inside > 0) & (inside < 1.0), strip.ordered, np.nan)
    tone = np.array([_middle(row) for row in at_line])[:, None]
    near = (inside > BESIDE_MM[0]) & (inside < BESIDE_MM[1])
    alike = near & (np.abs(strip.ordered - tone) < ALIKE * (tone + INK))
    return alike if (alike.sum(axis=1) > LID_MM * strip.scale).mean() > 0.5 else None


def _gain(strip: CoverStrip, line: Line, d: NDArray[np.float64], flat: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Light on what was ordered at distances inside a line, against that on flat parts; NaN where art does not tell."""
    rows = strip.rows(line)
    share = strip.luminance / (strip.ordered + INK)
    own = np.array([_middle(s[f]) for s, f in zip(share, flat, strict=True)])
    own[~(own > 0)] = np.nan
    return np.array([_middle(strip.at(share, rows - x * strip.scale) / own) for x in d])


def _middle(values: NDArray[np.float64]) -> float:
    """Median of what is known."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
