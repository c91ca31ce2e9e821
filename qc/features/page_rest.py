"""What is left of a page at 50 dpi when its reference, blurred as the copy is, gets the copy's tone, its shift and its blur.

Both sides are blurred alike first: a pixel of the copy was mixed from its neighbors by where it happened to lie, one of the
reference was not, and without the blur that difference is as large as a fine streak. One fit serves the whole page.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from qc.features.page_tones import Map, Mask

BLUR = np.array([0.25, 0.5, 0.25])
FIT_PX = 8000
"""Pixels from which the fit gains nothing by more."""
RIDGE = 1e-6


@dataclass(frozen=True)
class PageRest:
    """All (h, w), in shares of paper's light: by how much the copy is lighter than it should be (`off`), the light that ink was to
    take (`ink`, 0 beyond the sheet), and by how much the ordered light changes a pixel to the right and down."""

    off: Map
    ink: Map
    across: Map
    down: Map


def page_rest(copy: Map, ordered: Map, sheet: Mask) -> PageRest:
    """What the reference in the copy's tone leaves.

    Parameters
    ----------
    copy, ordered : ndarray, shape (h, w), float32
        Light as a share of paper's.
    sheet : ndarray, shape (h, w), bool
        What counts.
    """
    seen, meant = (cv2.sepFilter2D(v, cv2.CV_32F, BLUR, BLUR) for v in (copy, ordered))
    across, down = (cv2.Sobel(meant, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    ink = 1 - meant
    planes = (ink, ink * ink, across, down, cv2.blur(meant, (3, 3)) - meant)
    off = seen - meant
    at = np.flatnonzero(sheet)
    at = at[:: 1 + len(at) // FIT_PX]
    design, values = np.stack([p.ravel()[at] for p in planes], axis=1).astype(float), off.ravel()[at].astype(float)
    normal = design.T @ design + RIDGE * max(len(at), 1) * np.eye(len(planes))
    for part, plane in zip(np.linalg.solve(normal, design.T @ values).astype(np.float32), planes, strict=True):
        off -= part * plane
    weight = sheet.astype(np.float32)
    return PageRest(off * weight, ink * weight, across, down)
