"""The ISBN on the cover of a copy, read off its scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from qc.errors import ScanError
from qc.features.text.barcode import IsbnCode, read_isbns
from qc.model import BookCopy, Evidence, Role, ScanFile
from qc.scan.scan_reader import ScanReader

WITH_ISBN = (Role.COVER_BACK, Role.COVER_WRAP)
_ENOUGH_DPI = 280.0
"""A scan is shrunk as long as it stays above this."""
_WIDE_PX = 5000
"""A cover of unknown resolution that is wider is shrunk by half."""


def covers_with_isbn(copy: BookCopy) -> list[ScanFile]:
    """The scans of a copy that should bear its barcode."""
    return [s for s in copy.scans if s.role in WITH_ISBN]


def cover_isbns(
    scans: Sequence[ScanFile], dpi: float | None, expected: Iterable[str], reader: ScanReader
) -> list[tuple[IsbnCode, Evidence]]:
    """ISBNs in the barcodes of some scans, and where they are; sure ones first.

    `dpi` is the stated resolution of the scans; `expected` is as of `read_isbns`.
    """
    found: dict[str, tuple[IsbnCode, Evidence]] = {}
    for scan in scans:
        try:
            header = reader.header(scan)
            known = dpi or (header.resolution.x_dpi if header.resolution else None)
            reduce = _reduce(known) if known else 2 if header.width_px > _WIDE_PX else 1
            pixels = reader.pixels(scan, reduce)
        except ScanError:
            continue
        levels = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
        gray = np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY) if levels.ndim == 3 else levels, np.uint8)
        for code in read_isbns(gray, expected):
            if code.sure or code.isbn not in found:
                x0, y0, x1, y1 = (float(v) * reduce for v in code.box_px)
                found[code.isbn] = (code, Evidence(scan.name, scan.frame, (x0, y0, x1, y1)))
    return sorted(found.values(), key=lambda f: not f[0].sure)


def _reduce(dpi: float) -> int:
    return next(r for r in (8, 4, 3, 2, 1) if r == 1 or dpi / r >= _ENOUGH_DPI)
