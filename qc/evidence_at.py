"""From a box in the page frame to the place in the scan that shows it."""

from __future__ import annotations

from qc.geometry import Affine
from qc.model import Evidence

Box = tuple[float, float, float, float]


def evidence_at(scan: tuple[str, int], box_mm: Box, page_to_scan: Affine) -> Evidence:
    """Evidence for a box (x0, y0, x1, y1) in page-frame mm; `scan` is file name and frame."""
    x0, y0, x1, y1 = box_mm
    px = page_to_scan([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    lo, hi = px.min(axis=0), px.max(axis=0)
    return Evidence(scan[0], scan[1], (float(lo[0]), float(lo[1]), float(hi[0]), float(hi[1])), box_mm)
