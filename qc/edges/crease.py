"""Folds of a cover that lies flat: straight creases across its art, both at once, about as far apart as designed.

A crease is a narrow line lighter or darker than its surroundings, the same all along, where the ordered art has none. What
fools it: a rule or a border of the art that the print shows otherwise than the file, a score beside the fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, segment_profiles, strip_along, strip_map
from qc.flags import Flag
from qc.geometry import Points
from qc.resample import warped
from qc.stats import mad
from qc.units import px_per_mm

REACH_MM = 5.0
"""How far from its designed place a crease is searched."""
APART_MM = 2.0
"""By how much the folds may be nearer to each other or farther apart than designed: else the two of a narrow spine are
taken for each other."""
AROUND_MM = 1.2
"""A crease is narrower; what it lies on is learned from so much to either side."""
LEAST_SCORE = 6.0
"""Of the median over the parts of a line, in its standard errors: of 300 places on either strip, chance reaches 4."""
OFF_PX, UNSURE = 0.5, 3.0
"""By so much art lies off where it is expected, or is softer; a crease must stand out by `UNSURE` less than from noise."""
STEEPEST, SLOPES = 0.01, 11
U_CREASE_MM = 0.15
"""Half the width of a crease: on which side of it the sheet was folded is not seen."""


@dataclass(frozen=True)
class Designed:
    """Where a fold was designed in a scan.

    Attributes
    ----------
    luminance : ndarray, shape (h, w), float32
        Of the scan, in linear light.
    ends : ndarray, shape (2, 2)
        In its pixels: walking from the first end to the second, the panel lies to the right.
    dpi : float
        Across the fold.
    expected : Expected
        What was ordered.
    """

    luminance: NDArray[np.float32]
    ends: Points
    dpi: float
    expected: Expected


def find_creases(one: Designed, other: Designed) -> tuple[EdgeLine, EdgeLine]:
    """Locate both folds of a flat cover, in one scan or in two that each show a panel; refused, both, where not both stand out."""
    maps = [_scores(fold) for fold in (one, other)]
    best = [m.max(axis=0) for m in maps]
    mm = [(np.arange(len(b)) - len(b) // 2) / px_per_mm(f.dpi) for b, f in zip(best, (one, other), strict=True)]
    together = best[0][:, None] + best[1][None, :]
    # Both lie outside their panels by as much as the spine is narrower than designed.
    together[np.abs(mm[0][:, None] + mm[1][None, :]) > APART_MM] = -np.inf
    at = [int(i) for i in np.unravel_index(int(np.argmax(together)), together.shape)]
    if min(b[i] for b, i in zip(best, at, strict=True)) < LEAST_SCORE:
        return (EdgeLine(None, flag=Flag.EDGE_NOT_FOUND),) * 2
    return _line(one, maps[0], at[0]), _line(other, maps[1], at[1])


def _scores(fold: Designed) -> NDArray[np.float64]:
    """How surely a line runs at each slope and place, shape (slopes, places)."""
    scale = px_per_mm(fold.dpi)
    reach, around = round(REACH_MM * scale), round(AROUND_MM * scale)
    strip, to_image = strip_along(fold.luminance, fold.ends, reach, reach)
    shape = strip.shape[1], strip.shape[0]
    ordered = warped(fold.expected.draw(), fold.expected.from_scan.after(to_image), shape, float("nan"))
    seen, meant = (np.sqrt(np.clip(segment_profiles(s)[0], 0, None)) for s in (strip, ordered))
    meant, steep = _in_own_tone(seen, meant), np.abs(np.gradient(meant, axis=1))
    # Beside an edge of the art the two never agree: it lies a little off, and is a little softer in the scan.
    unsure = OFF_PX * cv2.dilate(np.nan_to_num(steep).astype(np.float32), np.ones((1, 5), np.uint8)).astype(np.float64)
    off = _ridge(seen - meant, around)
    lever = (np.arange(SEGMENTS) + 0.5) * (strip.shape[1] // SEGMENTS) - 0.5 * (strip.shape[1] - 1)
    scores = np.zeros((SLOPES, off.shape[1]))
    rows = np.arange(SEGMENTS)[:, None]
    for k, slope in enumerate(np.linspace(-STEEPEST, STEEPEST, SLOPES)):
        at = np.rint(np.arange(off.shape[1])[None, :] + slope * lever[:, None]).astype(int)
        moved = np.where((at >= 0) & (at < off.shape[1]), off[rows, np.clip(at, 0, off.shape[1] - 1)], np.nan)
        known = np.isfinite(moved).mean(axis=0) > 0.5
        column = moved[:, known]
        middle = np.nanmedian(column, axis=0)
        error = 1.25 * np.array([mad(c[np.isfinite(c)]) for c in (column - middle).T]) / np.sqrt(SEGMENTS)
        beside = np.median(unsure[rows, np.clip(at, 0, off.shape[1] - 1)][:, known], axis=0)
        scores[k, known] = np.abs(middle) / np.maximum(error + beside / UNSURE, 1e-4)
    return scores


def _in_own_tone(seen: NDArray[np.float64], meant: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ordered profiles with the contrast and the level that the copy shows in each part."""
    known = np.isfinite(seen) & np.isfinite(meant)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    s, m = (np.where(known, p, 0.0) for p in (seen, meant))
    level_s, level_m = (v.sum(axis=1, keepdims=True) / count for v in (s, m))
    ds, dm = (np.where(known, v - level, 0.0) for v, level in ((s, level_s), (m, level_m)))
    gain = (ds * dm).sum(axis=1, keepdims=True) / np.maximum((dm * dm).sum(axis=1, keepdims=True), 1e-6)
    return np.asarray(level_s + gain * (meant - level_m))


def _ridge(profiles: NDArray[np.float64], around: int) -> NDArray[np.float64]:
    """By how much each place is lighter, or darker, than what lies `around` on both sides; 0 beside a step, NaN at the ends."""
    off = np.full_like(profiles, np.nan)
    middle = (
        profiles[:, around - 1 : -around - 1] + profiles[:, around:-around] + profiles[:, around + 1 : -around + 1]
    ) / 3
    left, right = middle - profiles[:, : -2 * around], middle - profiles[:, 2 * around :]
    least = np.where(np.abs(left) < np.abs(right), left, right)
    off[:, around:-around] = np.where(left * right >= 0, least, 0.0 * left)
    return off


def _line(fold: Designed, scores: NDArray[np.float64], place: int) -> EdgeLine:
    to_image, columns = strip_map(fold.ends, round(REACH_MM * px_per_mm(fold.dpi)))
    slope = float(np.linspace(-STEEPEST, STEEPEST, SLOPES)[int(np.argmax(scores[:, place]))])
    near = scores.max(axis=0)[max(place - 1, 0) : place + 2]
    shift = 0.0
    if len(near) == 3 and (bend := near[0] - 2 * near[1] + near[2]) < 0:
        shift = float(np.clip(0.5 * (near[0] - near[2]) / bend, -0.5, 0.5))
    along = np.array([0.0, columns - 1.0])
    rows = place + shift + slope * (along - 0.5 * (columns - 1))
    return EdgeLine(to_image(np.column_stack([along, rows])), u_px=0.3, used=1.0, u_shape_mm=U_CREASE_MM)
