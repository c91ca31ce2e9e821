"""Holes in the paper: the scanner's dark backing, sharply bounded and even, where the reference has another tone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing
from qc.features.paper_tone import PaperTone, Place, placed

LEAST_MM2 = 3.0
"""A disc of 2 mm: a smaller one has hardly a pixel at 50 dpi that paper does not share."""
MOST_MM = 60.0
LIKE_BACKING = 0.025
"""Of paper's light: the backing lies a little below the glass, and paper beside it gives it light. Its channels differ no more."""
CORE_SHARE = 0.25
BOUNDED = 0.8
"""Of what lies one to two pixels around a hole, that is no more like the backing: pictures turn darker by and by."""
APART = 35.0
"""Levels of 255 by which backing and what was ordered differ: else neither is told from the other."""
MOST_SPREAD = 4.0
"""Levels that half of a hole lie within: in a picture there are more."""
DARKEST_BACKING = 0.6
"""Of paper's light: what is lighter is white, and is not told from paper."""


def shows_holes(backing: Backing) -> bool:
    """Whether the backing is dark enough to be told from paper."""
    return backing.kind in ("black", "gray") and backing.level <= DARKEST_BACKING * backing.paper


def find_holes(paper: PaperTone, backing: Backing) -> tuple[Place, ...]:
    """Boxes in page-frame mm, largest extents in mm and areas in mm2 of places where the backing is seen through the page.

    Notes
    -----
    What fools it: a black sticker or blot. Only what is seen at the mirrored place of the other side is a hole. Where the page
    is printed about as dark as the backing nothing is seen.
    """
    level = 255 * float(np.sqrt(max(backing.level, 0.0)))
    low, high = (
        255 * float(np.sqrt(max(backing.level + d * backing.paper, 0.0))) for d in (-LIKE_BACKING, LIKE_BACKING)
    )
    inside, least = paper.sheet > 0, LEAST_MM2 * paper.per_mm**2
    if np.count_nonzero((paper.level > low) & (paper.level < high) & inside) < CORE_SHARE * least:
        return ()
    off, apart = np.abs(paper.level - level), np.abs(paper.level - paper.change - level)
    seen = (off < np.minimum(np.abs(paper.change), 0.5 * apart)) & (apart > APART) & inside
    if np.count_nonzero(seen) < least / 2:
        return ()
    # Within a hole letters that were ordered are as dark as the backing.
    gone: NDArray[Any] = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    closed = np.asarray((gone > 0) & (seen | (off < APART)), np.uint8)
    within = cv2.erode(paper.sheet, np.ones((3, 3), np.uint8), borderValue=0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    found = []
    for label in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[label])
        if area < least or max(w, h) > MOST_MM * paper.per_mm:
            continue
        box = np.s_[max(y - 3, 0) : y + h + 3, max(x - 3, 0) : x + w + 3]
        there = labels[box] == label
        # What reaches the rim is backing beside the paper.
        if within[box][there].all() and _is_backing(paper.copy[box], paper.level[box], there, backing):
            found.append(placed(there, box[1].start, box[0].start, paper))
    return tuple(found)


def _is_backing(copy: NDArray[Any], level: NDArray[Any], there: NDArray[Any], backing: Backing) -> bool:
    """Whether enough of a place has the light of the backing, as even and as gray."""
    off = np.abs((level / 255) ** 2 - backing.level)
    like = there & (off < LIKE_BACKING * backing.paper)
    if like.sum() < CORE_SHARE * there.sum() or np.ptp(np.percentile(level[like], (25, 75))) > MOST_SPREAD:
        return False
    near, far = (cv2.dilate(there.astype(np.uint8), np.ones((n, n), np.uint8)) > 0 for n in (3, 7))
    sharp = np.abs(level - 255 * np.sqrt(max(backing.level, 0.0)))[far & ~near] > APART / 2
    return bool(sharp.mean() > BOUNDED and np.ptp(copy[like].mean(axis=0)) < LIKE_BACKING * backing.paper)
