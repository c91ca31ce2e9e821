"""Tide-lines that water leaves: a rim that is darker and yellower than the paper inside and outside of it, at 12.5 dpi."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.paper_tone import BARE_LEVEL, PaperTone, Place, placed
from qc.resample import shrunk
from qc.stats import median

SHRUNK = 4
LEAST_KNOWN = 0.05
LIT = 0.3
"""Of the brightest paper: darker blocks have too little light to tell its color."""
AROUND = 13
"""Pixels of 2 mm over which a rim is held against what is around it."""
RIM_YELLOW, RIM_DARK = 0.015, 0.003
"""Logarithms of light by which a pixel of a rim is yellower, and darker, than what is around it."""
LEAST_YELLOW = 0.03
"""The same of the whole rim against inside and outside: two units of b*."""
LEAST_DARK = 0.01
LEAST_MM2 = 350.0
CLOSED = 0.8

Map = NDArray[Any]


def find_stains(paper: PaperTone) -> tuple[Place, ...]:
    """Boxes in page-frame mm, largest extents in mm and areas in mm2 of what tide-lines enclose, alone or with the rim of the page.

    Notes
    -----
    The lamp changes over the whole page and has no rim; a picture that shows through has one on the other side only where that
    prints it. Stains without a rim, such as of coffee all over, are not seen.
    """
    bare = ((paper.ordered > BARE_LEVEL) & (paper.even > 0)).astype(np.float32)
    inside = paper.inside.astype(np.float32)
    known, page = (shrunk(v, SHRUNK) for v in (bare, inside))
    red, green, blue = (shrunk(np.ascontiguousarray(paper.copy[..., k]) * inside, SHRUNK) for k in range(3))
    # Black print takes light, but hardly any color: paper is seen through all but the densest.
    lit = (page > 0.9) & (blue > LIT * blue.max()) & (cv2.resize(paper.colored, page.shape[::-1]) < LEAST_KNOWN)
    warm = np.log(np.maximum(red + green, 1e-6) / np.maximum(2 * blue, 1e-6)) * lit
    light = shrunk(paper.level * paper.level * bare, SHRUNK) / np.maximum(known, 1e-3)
    dark = -np.log(np.maximum(light, 1.0)) * (known > LEAST_KNOWN)
    weights = lit.astype(np.float32), known * (known > LEAST_KNOWN)
    if min(w.mean() for w in weights) < 0.05:
        return ()
    yellow, darker = (_above(v, w) for v, w in zip((warm, dark), weights, strict=True))
    rim: Map = ((yellow > RIM_YELLOW) & (darker > -RIM_DARK)).astype(np.uint8)
    if np.count_nonzero(rim) < 4 * np.sqrt(LEAST_MM2) * paper.per_mm / SHRUNK:
        return ()
    within = (page > 0.9).astype(np.uint8)
    rim = cv2.morphologyEx(rim, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(within * (1 - rim), connectivity=4)
    if count < 3:
        return ()
    per_mm = paper.per_mm / SHRUNK
    largest = 1 + int(np.argmax(stats[1:, 4]))
    found = []
    for label in range(1, count):
        if label != largest and stats[label, 4] > LEAST_MM2 / 2 * per_mm**2:
            region = (labels == label).astype(np.uint8)
            filled = _with_rim(region, rim, within, (warm, dark), weights)
            if filled is not None and np.count_nonzero(filled) > LEAST_MM2 * per_mm**2:
                found.append(placed(filled > 0, 0, 0, paper, SHRUNK))
    return tuple(found)


def _above(values: Map, weight: Map) -> Map:
    """A little smoothed, above what is around; between lines of text as well."""
    (near, share), (wide, _) = (_mean(values, weight, side) for side in (3, AROUND))
    return np.asarray((near - wide) * (share > LEAST_KNOWN / 2))


def _mean(values: Map, weight: Map, side: int) -> tuple[Map, Map]:
    total, share = (cv2.blur(v, (side, side)) for v in (values * weight, weight))
    return total / np.maximum(share, 1e-3), share


def _with_rim(inside: Map, rim: Map, within: Map, tones: tuple[Map, Map], weights: tuple[Map, Map]) -> Map | None:
    """What is inside together with the middle of its rim; None where that is not a rim all around, or no darker and yellower."""
    near = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    touched = (near > 0) & (inside == 0) & (within > 0)
    if not touched.any() or rim[touched].mean() < CLOSED:
        return None
    wide = cv2.dilate(inside, np.ones((9, 9), np.uint8))
    beyond = cv2.dilate(inside, np.ones((19, 19), np.uint8))
    parts = (
        (wide > 0) & (rim > 0),
        cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0,
        (beyond > 0) & (wide == 0) & (rim == 0),
    )
    for values, weight, least in zip(tones, weights, (LEAST_YELLOW, LEAST_DARK), strict=True):
        seen = [values[p & (weight > 0)] for p in parts]
        if min(len(v) for v in seen) < 10 or median(seen[0]) - max(median(seen[1]), median(seen[2])) < least:
            return None
    return np.asarray(near)
