"""Serialized access to PDFium, which is not thread-safe: every call in the process holds `LOCK`."""

from __future__ import annotations

import ctypes
import math
import mmap
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from qc.colorimetry import LIGHTS, LINEAR_LUT, SRGB_LUT
from qc.errors import QcError
from qc.geometry import Box
from qc.units import px_per_mm, to_mm

LOCK = threading.RLock()
VERSION = str(pdfium.PDFIUM_INFO)
RENDER_DPI = 600.0

_BAND_ROWS = 256
_ROWS_IN_CACHE = 64
_LARGEST_FACTOR = 8


_REASONS = {
    raw.FPDF_ERR_FILE: "cannot be read. Check its permissions.",
    raw.FPDF_ERR_PASSWORD: "is encrypted and needs a password. Save it without one.",
    raw.FPDF_ERR_SECURITY: "is encrypted in a way that cannot be opened. Save it without encryption.",
}


def open_document(path: Path, error: type[QcError]) -> pdfium.PdfDocument:
    """The opened PDF at `path`; the caller closes it, and makes every call on it, under `LOCK`.

    Raises
    ------
    error
        Of the class given: the file is missing, unreadable, encrypted, damaged or has no pages.
    """
    if not path.is_file():
        raise error(f"{path} is not there or is no file. Check the path.")
    with LOCK:
        # A PDF without pages fails without setting the error code, which would stay that of an earlier document.
        raw.FPDF_LoadMemDocument(b"", 0, None)
        try:
            document = pdfium.PdfDocument(path)
        except (pdfium.PdfiumError, OSError) as fault:
            reason = _REASONS.get(
                getattr(fault, "err_code", None), "is no PDF, is damaged or has no pages. Export it again."
            )
            raise error(f"{path} {reason}") from fault
        if len(document) == 0:
            document.close()
            raise error(f"{path} has no pages. Export it again.")
    return document


@dataclass(frozen=True)
class PdfPage:
    """Boxes of one PDF page as displayed: after /Rotate, in mm, y down, origin at the head-left corner of the page.

    `trim` is the TrimBox where there is one smaller than the MediaBox. `inked` is what may be shown: the page, or
    with a TrimBox its bleed. `unit_mm` is the length of one PDF unit.
    """

    width_mm: float
    height_mm: float
    unit_mm: float
    trim: Box | None
    inked: Box


def sheets(document: pdfium.PdfDocument) -> list[PdfPage]:
    """Boxes of all pages of an open document."""
    with LOCK:
        return [_sheet(document, i, unit) for i, unit in enumerate(user_units(document))]


def user_units(document: pdfium.PdfDocument) -> list[float]:
    """Length of a unit of each page, in 1/72 in; call it under `LOCK`."""
    # PDFium ignores UserUnit. What it saves has no damage and no encryption left; a file of scans may not fit into memory.
    units: list[float] = []
    with tempfile.TemporaryFile() as file:
        document.save(file, flags=raw.FPDF_REMOVE_SECURITY)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            stated = text.find(b"/UserUnit") >= 0
        if stated:
            from pypdf import PdfReader

            with suppress(Exception):  # pypdf raises anything on an odd tree of pages
                units = [_positive(page.user_unit) for page in PdfReader(file).pages]
    return units if len(units) == len(document) else [1.0] * len(document)


def _positive(unit: object) -> float:
    return float(unit) if isinstance(unit, int | float) and unit > 0 else 1.0


def save(document: pdfium.PdfDocument, file: IO[bytes]) -> None:
    """Write the document as PDFium does, whatever state its file is in: whole, without encryption, in plain objects."""
    with LOCK:
        document.save(file, flags=raw.FPDF_REMOVE_SECURITY)


def _sheet(document: pdfium.PdfDocument, index: int, user_unit: float) -> PdfPage:
    page = document[index]
    try:
        bounds: Box = page.get_bbox()
        media: Box = page.get_mediabox(fallback_ok=False) or bounds
        trim: Box | None = page.get_trimbox(fallback_ok=False)
        bleed: Box | None = page.get_bleedbox(fallback_ok=False)
        turn: int = page.get_rotation()
    finally:
        page.close()
    unit_mm = to_mm(user_unit / 72, "in")
    trim = trim and _intersection(_sorted(trim), _sorted(media))
    if trim and not _smaller(trim, _sorted(media)):
        trim = None
    inked = bounds
    if trim:
        inked = _sorted(media)
        bleed = bleed and _intersection(_sorted(bleed), inked)
        if bleed and _contains(bleed, trim) and _smaller(trim, bleed):
            inked = bleed
    left, top, right, bottom = _displayed(bounds, bounds, turn, unit_mm)
    return PdfPage(
        right - left,
        bottom - top,
        unit_mm,
        trim and _displayed(trim, bounds, turn, unit_mm),
        _displayed(inked, bounds, turn, unit_mm),
    )


def _sorted(box: Box) -> Box:
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _intersection(a: Box, b: Box) -> Box | None:
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _smaller(inner: Box, outer: Box) -> bool:
    """Whether `inner` leaves more than half a point of `outer`; less is rounding by the program that wrote the PDF."""
    return (outer[2] - outer[0]) - (inner[2] - inner[0]) > 0.5 or (outer[3] - outer[1]) - (inner[3] - inner[1]) > 0.5


def _contains(outer: Box, inner: Box) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def _displayed(box: Box, bounds: Box, turn: int, unit_mm: float) -> Box:
    left, bottom, right, top = bounds
    x0, y0, x1, y1 = box
    shown = {
        0: (x0 - left, top - y1, x1 - left, top - y0),
        90: (y0 - bottom, x0 - left, y1 - bottom, x1 - left),
        180: (right - x1, y0 - bottom, right - x0, y1 - bottom),
        270: (top - y1, right - x1, top - y0, right - x0),
    }[turn]
    return shown[0] * unit_mm, shown[1] * unit_mm, shown[2] * unit_mm, shown[3] * unit_mm


def stated_direction(document: pdfium.PdfDocument) -> str | None:
    """Reading direction that a document states, ``"ltr"`` or ``"rtl"``; None where it states none."""
    with LOCK:
        count = raw.FPDF_VIEWERREF_GetName(document, b"Direction", None, 0)
        buffer = ctypes.create_string_buffer(max(count, 1))
        raw.FPDF_VIEWERREF_GetName(document, b"Direction", buffer, count)
    return {b"L2R": "ltr", b"R2L": "rtl"}.get(buffer.value)


def all_sideways(document: pdfium.PdfDocument) -> bool:
    """Whether nearly all text of every page of a sample runs up or down as displayed: the look of imposed sheets.

    Pages with fewer than 100 characters do not count; False when none is left.
    """
    with LOCK:
        sample = sorted({round(i * (len(document) - 1) / 6) for i in range(7)})
        shares = [s for s in (_sideways_text(document, i) for i in sample) if s is not None]
    return bool(shares) and min(shares) > 0.9


def _sideways_text(document: pdfium.PdfDocument, index: int) -> float | None:
    page = document[index]
    try:
        text = page.get_textpage()
        angles = np.array([raw.FPDFText_GetCharAngle(text, i) for i in range(text.count_chars())])
        text.close()
        turns = np.rint(angles / (np.pi / 2) + page.get_rotation() / 90).astype(int)
    finally:
        page.close()
    return float((turns % 2).mean()) if len(angles) >= 100 else None


def characters(page: pdfium.PdfPage, sheet: PdfPage) -> list[tuple[str, Box]]:
    """Characters of an open page that are no spaces, each with the box of its ink in displayed-page mm."""
    with LOCK:
        bounds, turn = page.get_bbox(), page.get_rotation()
        text = page.get_textpage()
        try:
            marks = [(chr(raw.FPDFText_GetUnicode(text, i)), text.get_charbox(i)) for i in range(text.count_chars())]
        finally:
            text.close()
    shown = [(mark, _displayed(_sorted(box), bounds, turn, sheet.unit_mm)) for mark, box in marks if mark.strip()]
    return [(mark, box) for mark, box in shown if box[0] < box[2] and box[1] < box[3]]


def render(
    page: pdfium.PdfPage, sheet: PdfPage, origin_mm: tuple[float, float], px_per_mm: float, size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """Picture of a part of a displayed page, white outside `sheet.inked`; annotations as they print.

    Parameters
    ----------
    page
        An open page of an open document.
    sheet
        Its boxes.
    origin_mm
        Displayed-page position of the corner (not the center) of the first pixel.
    px_per_mm
        Exact: the matrix is given to PDFium, whose own sizes are rounded up to whole pixels and stretch the page.
    size_px
        Width and height.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        sRGB.

    Notes
    -----
    PDFium places small glyphs, pictures and filled rectangles on whole pixels and draws no line thinner than a pixel:
    at 150 dpi, text comes out as much as 0.04 mm off its place and a third too dark.
    """
    with LOCK:
        bitmap = pdfium.PdfBitmap.new_native(*size_px, raw.FPDFBitmap_BGR, rev_byteorder=True)
        try:
            return np.array(_rendered(bitmap, page, sheet, origin_mm, px_per_mm), np.uint8)
        finally:
            bitmap.close()


def _rendered(
    bitmap: pdfium.PdfBitmap, page: pdfium.PdfPage, sheet: PdfPage, origin_mm: tuple[float, float], px_per_mm: float
) -> NDArray[np.uint8]:
    """The pixels of a bitmap, drawn anew; call it under `LOCK`."""
    width, height = bitmap.width, bitmap.height
    scale = px_per_mm * sheet.unit_mm
    dx, dy = -origin_mm[0] * px_per_mm, -origin_mm[1] * px_per_mm
    matrix = raw.FS_MATRIX(scale, 0, 0, scale, dx, dy)
    x0, y0, x1, y1 = (v * px_per_mm for v in sheet.inked)
    clip = raw.FS_RECTF(max(x0 + dx, 0), max(y0 + dy, 0), min(x1 + dx, width), min(y1 + dy, height))
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    if clip.left < clip.right and clip.top < clip.bottom:
        flags = raw.FPDF_ANNOT | raw.FPDF_PRINTING | raw.FPDF_REVERSE_BYTE_ORDER
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, ctypes.byref(matrix), ctypes.byref(clip), flags)
    return np.asarray(bitmap.to_numpy(), np.uint8)


_TO_LIGHT = np.rint(LINEAR_LUT.astype(np.float64) * LIGHTS).astype(np.uint16)


def draw(
    page: pdfium.PdfPage,
    sheet: PdfPage,
    origin_mm: tuple[float, float],
    dpi: float,
    size_px: tuple[int, int],
    most: int = _LARGEST_FACTOR,
) -> NDArray[np.uint8]:
    """Part of a page at `dpi`, drawn at `RENDER_DPI` or more, averaged in linear light, in bands to keep memory small.

    `origin_mm` and the returned picture are as of `render`. It is drawn at `most` times `dpi` at the finest: so much less than
    `RENDER_DPI` below 75 dpi.
    """
    factor = min(most, max(1, math.ceil(RENDER_DPI / dpi)))
    if factor == 1:
        return render(page, sheet, origin_mm, px_per_mm(dpi), size_px)
    width, height = size_px
    scale = px_per_mm(dpi)
    picture = np.empty((height, width, 3), np.uint8)
    rows = min(_BAND_ROWS, height)
    with LOCK:
        # One bitmap for all bands, the last of which begins earlier: memory that is new costs as much as drawing into it.
        bitmap = pdfium.PdfBitmap.new_native(width * factor, rows * factor, raw.FPDFBitmap_BGR, rev_byteorder=True)
        try:
            for row in [*range(0, height - rows, rows), height - rows]:
                band = _rendered(bitmap, page, sheet, (origin_mm[0], origin_mm[1] + row / scale), scale * factor)
                for top in range(0, rows, _ROWS_IN_CACHE):
                    fine = band[top * factor : (top + _ROWS_IN_CACHE) * factor]
                    light = _averaged(cv2.LUT(fine, _TO_LIGHT), factor)
                    picture[row + top : row + top + len(light)] = SRGB_LUT[light]
        finally:
            bitmap.close()
    return picture


def _averaged(light: NDArray[Any], factor: int) -> NDArray[Any]:
    """Means over squares; halving is several times quicker than any other factor."""
    while factor > 1:
        by = 2 if factor % 2 == 0 else factor
        size = light.shape[1] // by, light.shape[0] // by
        light, factor = cv2.resize(light, size, interpolation=cv2.INTER_AREA), factor // by
    return light
