"""Holes in the paper: the scanner's dark backing, sharply bounded, where the reference prints nothing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing
from qc.features.paper_tone import BARE_LEVEL, PaperTone, Place, placed

LEAST_MM2 = 3.0
"""A disc of 2 mm: a smaller one has hardly a pixel at 50 dpi that paper does not share."""
MOST_MM = 60.0
LIKE_BACKING = 0.05
"""Of paper's light: the backing lies a little below the glass, and paper beside it gives it light."""
CORE_SHARE = 0.3
DARKEST_BACKING = 0.6
"""Of paper's light: what is lighter is white, and is not told from paper."""


def find_holes(paper: PaperTone, backing: Backing) -> tuple[Place, ...]:
    """Boxes in page-frame mm, largest extents in mm and areas in mm2 of places where the backing is seen through the page.

    Notes
    -----
    What fools it: a black sticker or blot. Only what is seen at the mirrored place of the other side is a hole.
    """
    if backing.kind not in ("black", "gray") or backing.level > DARKEST_BACKING * backing.paper:
        return ()
    level, white = (255 * np.sqrt(max(v, 0.0)) for v in (backing.level, backing.paper))
    seen = (paper.level < (level + white) / 2) & (paper.ordered > BARE_LEVEL) & (paper.inside > 0)
    if np.count_nonzero(seen) < LEAST_MM2 * paper.per_mm**2 / 2:
        return ()
    light = (paper.level / 255) ** 2
    core = np.abs(light - backing.level) < LIKE_BACKING * backing.paper
    closed: NDArray[Any] = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    within = cv2.erode(paper.inside, np.ones((3, 3), np.uint8), borderValue=0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    found = []
    for label in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[label])
        if area < LEAST_MM2 * paper.per_mm**2 or max(w, h) > MOST_MM * paper.per_mm:
            continue
        there = labels[y : y + h, x : x + w] == label
        # What reaches the rim is backing beside the paper.
        if within[y : y + h, x : x + w][there].all() and core[y : y + h, x : x + w][there].mean() > CORE_SHARE:
            found.append(placed(there, x, y, paper))
    return tuple(found)
