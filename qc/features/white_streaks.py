"""White streaks: lines along or across the page, 30 mm and longer, along which pictures and solids are lighter than ordered.

What a coarse look at 50 dpi leaves of a picture is averaged along 30 mm. A line finer than a pixel still adds its light to one or
two columns, and the average is ten times as quiet as a pixel. How wide it is follows from the light that it adds, taken for bare
paper; a wider line that only is paler adds as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from qc.features.page_tones import Map, Mask
from qc.features.print_streaks import Streak
from qc.stats import mad, median

ALONG_MM = 30.0
LEAST_OFF, SIGMAS = 3.0, 8.0
"""Least difference in L* to both sides, and in usual differences of the page."""
OWN_EDGES = 0.35
"""Share of the reference's own change from column to column that a shift along the whole line could make."""
KNOWN = 0.9
WEAK, AGREEING = 0.3, 0.8
"""Share of the rows that show this share of the line's height at the least."""
SHORTEST, ENDS_PX = 0.9, 9
SIDE_PX = (3, 4)
LEAST_MM = 0.15
WIDEST_PX = 4


def white_streaks(off: Map, meant: Map, light: Map, pictures: Mask, paper: float, per_mm: float) -> Iterator[Streak]:
    """Find the streaks; their depth is below 0.

    Parameters
    ----------
    off, meant : ndarray, shape (h, w)
        L* by which the copy is lighter than it should be, and that which the reference gives.
    light : ndarray, shape (h, w)
        Linear light of the copy.
    pictures : ndarray, shape (h, w), bool
    paper : float
        Light of bare paper.
    per_mm : float
        Pixels a millimeter.
    """
    for across in (0, 1):
        turned = [np.ascontiguousarray(v.T if across else v) for v in (off, meant, light)]
        for found in _upright(turned[0], turned[1], turned[2], pictures.T if across else pictures, paper, per_mm):
            yield replace(found, ends=found.ends[:, ::-1]) if across else found


def _upright(off: Map, meant: Map, light: Map, pictures: Mask, paper: float, per_mm: float) -> Iterator[Streak]:
    window = round(ALONG_MM * per_mm) | 1
    if off.shape[0] < window:
        return
    weight = pictures.astype(np.float32)
    known = cv2.blur(weight, (1, window))
    edges = cv2.blur(np.abs(cv2.Sobel(meant, cv2.CV_32F, 1, 0, scale=1 / 8)) * weight, (1, window))
    high = _above_sides(cv2.blur(off * weight, (1, window)) / np.maximum(known, KNOWN))
    sure = cv2.erode((known > KNOWN).astype(np.uint8), np.ones((1, 2 * SIDE_PX[1] + 1), np.uint8)) > 0
    if not sure.any():
        return
    least = max(LEAST_OFF, SIGMAS * mad(high[sure])) + OWN_EDGES * cv2.dilate(edges, np.ones((1, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats((sure & (high > least)).astype(np.uint8), connectivity=8)
    rows = _above_sides(off)
    for label in range(1, count):
        x, y, w, h = (int(v) for v in stats[label, :4])
        if w > WIDEST_PX:
            continue
        there = np.where(labels[y : y + h, x : x + w] == label, high[y : y + h, x : x + w], 0)
        column = x + int(there.max(axis=0).argmax())
        peak = float(there.max())
        first, last = _ends(rows[:, column], (y - window // 2, y + h + window // 2), peak)
        inside = rows[first:last, column][pictures[first:last, column]]
        if last - first < SHORTEST * window or (inside > WEAK * peak).mean() < AGREEING:
            continue
        added = light[first:last] - _level(light[first:last], column)[:, None]
        level = median(_level(light[first:last], column)) / paper
        beyond = added[:, max(column - 1, 0) : column + 2].sum(axis=1)
        width = median(beyond) / paper / max(1 - level, 0.05)
        if width >= LEAST_MM * per_mm:
            depth = -median(added[:, column]) / paper
            yield Streak(np.array([[column, first], [column, last]], float), depth, level, width, last - first)


def _ends(high: Map, around: tuple[int, int], peak: float) -> tuple[int, int]:
    """Where a line begins and ends within some rows: where it keeps about half of its height over some millimeters."""
    first, last = max(around[0], 0), min(around[1], len(high))
    there = np.flatnonzero(cv2.blur(high[first:last, None], (1, ENDS_PX))[:, 0] > 0.5 * peak)
    return (first + int(there[0]), first + int(there[-1]) + 1) if len(there) else (first, first)


def _level(light: Map, column: int) -> Map:
    """Mean light of what lies at both sides of a column, row by row."""
    near, far = SIDE_PX
    return np.asarray(light[:, [column - far, column - near, column + near, column + far]].mean(axis=1))


def _above_sides(values: Map) -> Map:
    """How far each pixel lies above what is at its left and what is at its right; 0 at the rim."""
    near, far = SIDE_PX
    result = np.zeros_like(values)
    middle = values[:, far:-far]
    sides = [
        0.5 * (values[:, far + a : values.shape[1] - far + a] + values[:, far + b : values.shape[1] - far + b])
        for a, b in ((-near, -far), (near, far))
    ]
    result[:, far:-far] = middle - np.maximum(*sides)
    return result
