"""What a printed sheet catches that nobody ordered: stains, and dark lines along the feed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qc.synthetic.maps import Map


def soiled(
    sheet: NDArray[np.uint16],
    place: Map,
    stains: Sequence[tuple[float, float, float, float]],
    lines: Sequence[tuple[float, float, float]],
) -> NDArray[np.uint16]:
    """The sheet with stains and lines on it.

    Parameters
    ----------
    sheet : ndarray, shape (rows, columns[, 3]), uint16
        Reflectance; 65535 is 1.
    place : ndarray, shape (2, 3)
        Page-frame millimeters -> pixels; scale and shift only.
    stains : sequence of (x_mm, y_mm, diameter_mm, depth)
        Round and soft: half of `depth`, the share of light lost in the middle, is left at half the diameter.
    lines : sequence of (x_mm, width_mm, depth)
        Over the whole height, with sharp sides.
    """
    rows, columns = sheet.shape[:2]
    out = sheet.copy()
    for x, y, diameter, depth in stains:
        cx, cy, radius = place[0, 0] * x + place[0, 2], place[1, 1] * y + place[1, 2], place[0, 0] * diameter / 2
        top, bottom = max(0, int(cy - 3 * radius)), min(rows, int(cy + 3 * radius) + 1)
        left, right = max(0, int(cx - 3 * radius)), min(columns, int(cx + 3 * radius) + 1)
        rr = np.hypot(np.arange(top, bottom)[:, None] - cy, np.arange(left, right)[None, :] - cx) / radius
        factor = (1 - depth / (1 + rr**6)).astype(np.float32)
        part = out[top:bottom, left:right]
        part[:] = np.rint(part * (factor if out.ndim == 2 else factor[:, :, None]))
    at = np.arange(columns)
    for x, width, depth in lines:
        first, last = (place[0, 0] * v + place[0, 2] + 0.5 for v in (x - width / 2, x + width / 2))
        share = np.clip(np.minimum(at + 1, last) - np.maximum(at, first), 0, 1)
        kept = (1 - depth * share).astype(np.float32)
        touched = np.flatnonzero(share)
        part = out[:, touched]
        out[:, touched] = np.rint(part * (kept[touched] if out.ndim == 2 else kept[touched][:, None]))
    return out
