"""Tide-lines that water leaves: a rim that is darker, and yellower, than the paper inside and outside of it, at 25 dpi."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.paper_tone import PaperTone, Place, placed
from qc.resample import shrunk
from qc.stats import median

SHRUNK = 2
LEAST_KNOWN = 0.05
LIT = 0.3
"""Of the brightest paper: darker blocks have too little light to tell its color."""
NEAR, AROUND = 5, 27
"""Pixels of 1 mm over which a rim is smoothed, across lines of text as well, and held against what is around it."""
RIM_YELLOW, RIM_DARK = 0.012, 0.008
"""Logarithms of light by which a pixel of a rim is yellower, or darker, than what is around it."""
NOISY = 2.0
"""Times the usual difference on the page that a pixel of a rim stands out at least."""
LEAST_OF_EACH = -0.5
"""Share of that, that it may be lighter or less yellow where the other makes up for it: print that shows through ends there."""
LEAST_YELLOW = 0.03
"""The same of the whole rim against inside and outside: two units of b*."""
LEAST_DARK = 0.012
FLAT = 0.4
"""Share of that, by which it rises above what is inside, which dried up darker and yellower, too."""
GAP = 5
"""Pixels over which a rim goes on: lines of text hide it."""
BESIDE = 21
"""Pixels about a place of the rim in which it is held against what is farther in and farther out."""
LEAST_MM2 = 330.0
CLOSED = 0.8
"""Of what bounds a stain and is neither the rim of the page nor hidden by a picture."""
SEEN = 0.5
"""Of what bounds it, that no picture hides."""
WIDE_PX = 2
"""By which smoothing shows a rim farther out than it is."""
MOST_SHARE = 0.6
"""Of the page: a larger stain has too little beside it."""

Map = NDArray[Any]
_SMALL = np.ones((3, 3), np.uint8)


def find_stains(paper: PaperTone, color: bool) -> tuple[Place, ...]:
    """Boxes in page-frame mm, largest extents in mm and areas in mm2 of what tide-lines enclose, alone or with the rim of the page.

    Parameters
    ----------
    paper : PaperTone
    color : bool
        Whether the scan has color; a rim is then yellower as well as darker. In a gray scan it is darker alone.

    Notes
    -----
    The lamp changes over the whole page and has no rim; a frame that shows through has one on the other side only where that
    prints it. Stains without a rim, such as of coffee all over, are not seen, nor a rim of which a picture hides more than half,
    nor in a gray scan one that runs along a line of text.
    """
    known, page = (shrunk(v.astype(np.float32), SHRUNK) for v in (paper.even, paper.inside))
    dark = shrunk(-paper.change * paper.even, SHRUNK) * (2 / 255) / np.maximum(known, 1e-3)
    tones = [(dark, known * (known > LEAST_KNOWN), RIM_DARK, LEAST_DARK)]
    if color:
        tones.append((*_warm(paper, page), RIM_YELLOW, LEAST_YELLOW))
    within = (page > 0.9).astype(np.uint8)
    total, count, lowest = np.zeros_like(dark), np.zeros_like(dark), np.full_like(dark, np.inf)
    for values, weight, least, _ in tones:
        high, there = _above(values, weight)
        high /= max(least, NOISY * 1.48 * median(np.abs(high[there])) if there.any() else 0.0)
        total, count = total + high, count + there
        lowest = np.where(there, np.minimum(lowest, high), lowest)
    # What a color picture hides is not known by its tone alone.
    seen = there.astype(np.uint8) & within
    rim = ((total > count) & (lowest > LEAST_OF_EACH)).astype(np.uint8) & seen
    rim = np.asarray(cv2.morphologyEx(rim, cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8)), np.uint8) & seen
    per_mm = paper.per_mm / SHRUNK
    found = []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(rim, connectivity=8)
    for label in range(1, count):
        if (
            stats[label, 2:4].max() > np.sqrt(LEAST_MM2) / 2 * per_mm
            and stats[label, 4] > 2 * np.sqrt(LEAST_MM2) * per_mm
        ):
            stain = _enclosed((labels == label).astype(np.uint8), seen, within)
            if (
                stain is not None
                and np.count_nonzero(stain) > LEAST_MM2 * per_mm**2
                and _is_rim(stain, rim, within, tones)
            ):
                found.append(placed(stain > 0, 0, 0, paper, SHRUNK))
    return tuple(found)


def _warm(paper: PaperTone, page: Map) -> tuple[Map, Map]:
    """How yellow the paper is, and where that is known: black print takes light, but hardly any color."""
    red, green, blue = cv2.split(shrunk(paper.copy, SHRUNK))
    colored = cv2.resize(paper.colored, page.shape[::-1])
    lit = ((page > 0.9) & (blue > LIT * np.percentile(blue[::4, ::4], 95)) & (colored < LEAST_KNOWN)).astype(np.float32)
    return np.log(np.maximum(red + green, 1e-6) / np.maximum(2 * blue, 1e-6)) * lit, lit


def _above(values: Map, weight: Map) -> tuple[Map, Map]:
    """A little smoothed, above what is around; and where that is known."""
    (near, share), (wide, _) = (_mean(values, weight, side) for side in (NEAR, AROUND))
    there = share > LEAST_KNOWN
    return np.asarray((near - wide) * there), there


def _mean(values: Map, weight: Map, side: int) -> tuple[Map, Map]:
    total, share = (cv2.blur(v, (side, side)) for v in (values * weight, weight))
    return total / np.maximum(share, 1e-3), share


def _enclosed(rim: Map, seen: Map, within: Map) -> Map | None:
    """What a rim encloses, together with the rim itself; with the rim of the page or of a picture where it ends there."""
    open_ = within & seen & (1 - rim)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(open_, connectivity=4)
    if count < 2:
        return None
    stain, outside = rim.copy(), 1 + int(np.argmax(stats[1:, 4]))
    for label in range(1, count):
        if label == outside:
            continue
        region = (labels == label).astype(np.uint8)
        bound = (cv2.dilate(region, _SMALL) > 0) & (region == 0)
        inner = bound & (within > 0)
        known = rim[inner & (seen > 0)]
        if known.size > SEEN * np.count_nonzero(inner) and known.mean() > CLOSED:
            stain |= region
    stain = cv2.erode(stain | (1 - within), np.ones((2 * WIDE_PX - 1, 2 * WIDE_PX - 1), np.uint8)) & within
    return stain if stain.sum() < MOST_SHARE * within.sum() else None


def _is_rim(stain: Map, rim: Map, within: Map, tones: list[tuple[Map, Map, float, float]]) -> bool:
    """Whether what bounds a stain is darker, and yellower, than what is farther in and farther out."""
    depth = cv2.distanceTransform(stain | (1 - within), cv2.DIST_L2, 3)
    away = cv2.distanceTransform(1 - stain, cv2.DIST_L2, 3)
    at = (rim > 0) & (depth <= 3) & (stain > 0)
    farther = (stain > 0) & (depth > min(6.0, 0.6 * float((depth * stain).max()))), (within > 0) & (away > 3)
    for values, weight, _, least in tones:
        smooth, there = _mean(values, weight, 3)
        for part, rise in zip(farther, (least * FLAT, least), strict=True):
            beside, share = _mean(values, weight * part, BESIDE)
            used = at & (there > LEAST_KNOWN) & (share > LEAST_KNOWN)
            if np.count_nonzero(used) < 10:
                return False
            if median((smooth - beside)[used]) < rise:
                return False
    return True
