"""Separator sheets in one long scan: a QR code on each says whose pages follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import zxingcpp

from qc.errors import ScanError
from qc.model import Part, ScanFile
from qc.scan.image_file import read_header, read_pixels

_PREFIX = "qc-copy:"
_SHEET = re.compile(re.escape(_PREFIX) + r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})")
_LEAST_PX = 400
"""Of the longer side: a module of the code, 1.9 mm, is then 2.6 px wide on a sheet of A4."""
_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


@dataclass(frozen=True)
class Split:
    """One long scan: the copies in it, in the order of their first sheets, scans before the first sheet, sheets without pages."""

    parts: tuple[Part, ...]
    before: tuple[ScanFile, ...]
    empty: tuple[str, ...] = field(default=())


def sheet_text(copy_id: str) -> str:
    """What the code on the separator sheet of a copy says."""
    return _PREFIX + copy_id


def read_sheet(scan: ScanFile) -> str | None:
    """The id on a separator sheet; None where the scan is none or cannot be read.

    Notes
    -----
    Reading the code in a small picture takes 0.2 ms, so nothing else tells which scans may be sheets; decoding the scan takes 2 to
    3 ms of a JPEG or PDF, 30 to 60 ms of a TIFF.
    """
    try:
        header = read_header(scan)
        longer = max(header.width_px, header.height_px)
        pixels = read_pixels(scan, next(r for r in (8, 4, 3, 2, 1) if r == 1 or longer / r >= _LEAST_PX))
    except ScanError:
        return None
    levels = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    gray = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY) if levels.ndim == 3 else levels
    for code in zxingcpp.read_barcodes(np.ascontiguousarray(gray), formats=_QR):
        if match := _SHEET.fullmatch(code.text):
            return match[1]
    return None


def split_at_sheets(scans: Sequence[ScanFile]) -> Split | None:
    """The copies that separator sheets part `scans` into; None where there is no sheet.

    Pages after a second sheet of the same copy, its back or one laid in once more, belong to the same copy.
    """
    before: list[ScanFile] = []
    parts: dict[str, list[ScanFile]] = {}
    pages = before
    for scan in scans:
        name = read_sheet(scan)
        if name is None:
            pages.append(scan)
        else:
            pages = parts.setdefault(name, [])
    if not parts:
        return None
    filled = tuple(Part(name, tuple(found)) for name, found in parts.items() if found)
    return Split(filled, tuple(before), tuple(name for name, found in parts.items() if not found))
