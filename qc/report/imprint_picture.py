"""The imprint as a small picture for the report: cut out of the scan, the right way up."""

from __future__ import annotations

import cv2
import numpy as np

from qc.errors import ScanError
from qc.measure.readings import PrintDateDetail, print_date
from qc.model import Inspection
from qc.scan.scan_reader import ScanReader

MARGIN = 0.04
"""White around the print, of its larger side."""
MOST_PX = 560
GRAY_STEP = 16
"""Fewer grays keep noise, and with it the file, small."""


def imprint_picture(inspection: Inspection, reader: ScanReader | None = None) -> bytes:
    """PNG of what was read as the imprint; empty where nothing was, or its scan is gone. `reader` may have read it before."""
    seen = next((o for o in inspection.observations if o.measure == print_date.id and o.evidence), None)
    if seen is None:
        return b""
    evidence = seen.evidence[0]
    scan = next((s for s in inspection.copy.scans if (s.name, s.frame) == (evidence.file, evidence.frame)), None)
    if scan is None:
        return b""
    try:
        pixels = (reader or ScanReader()).pixels(scan)
    except ScanError:
        return b""
    x0, y0, x1, y1 = evidence.box_px
    margin = MARGIN * max(x1 - x0, y1 - y0)
    height, width = pixels.shape[:2]
    rows = slice(max(int(y0 - margin), 0), min(int(y1 + margin) + 1, height))
    columns = slice(max(int(x0 - margin), 0), min(int(x1 + margin) + 1, width))
    part = pixels[rows, columns]
    if part.size == 0:
        return b""
    if part.ndim == 3:
        part = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    part = np.rot90(part, PrintDateDetail.of(seen).turns)
    shrink = min(1.0, MOST_PX / max(part.shape))
    small = cv2.resize(np.ascontiguousarray(part), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    small = np.asarray(small, np.uint8) // GRAY_STEP * GRAY_STEP + GRAY_STEP // 2
    return bytes(cv2.imencode(".png", small)[1].tobytes())
