"""The page of a cover.pdf: its boxes, its picture, its characters."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc.errors import ReferenceFault
from qc.geometry import Box
from qc.reference import cache
from qc.scan.pdfium import LOCK, VERSION, PdfPage, draw, open_document, sheets
from qc.units import px_per_mm


@contextmanager
def opened_cover(cover_pdf: Path) -> Iterator[tuple[pypdfium2.PdfPage, PdfPage]]:
    """The first page of a cover.pdf and its boxes; what follows it is the inside of the cover.

    Within, every call of PDFium is safe, as `LOCK` is held.

    Raises
    ------
    ReferenceFault
        The PDF is missing, unreadable, encrypted, damaged or empty.
    """
    with LOCK:
        document = open_document(cover_pdf, ReferenceFault)
        try:
            page = document[0]
            try:
                yield page, sheets(document)[0]
            finally:
                page.close()
        except pypdfium2.PdfiumError as fault:
            raise ReferenceFault(f"{cover_pdf} has a damaged page ({fault}). Export it again.") from fault
        finally:
            document.close()


def cover_key(cover_pdf: Path, name: str, about: object = None) -> str:
    """Where the disk cache keeps what was made of a cover.pdf, `about` what it depends on besides.

    Raises
    ------
    ReferenceFault
        The PDF is missing or unreadable.
    """
    try:
        with cover_pdf.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise ReferenceFault(f"{cover_pdf} cannot be read ({fault.strerror}). Check the path.") from fault
    how = hashlib.sha256(repr((cache.DRAWN, VERSION, about)).encode()).hexdigest()[:16]
    return f"reference/{digest}/{name}-{how}"


def cover_sheet(cover_pdf: Path) -> PdfPage:
    """Boxes of a cover.pdf; raises as `opened_cover`."""
    with opened_cover(cover_pdf) as (_, sheet):
        return sheet


def draw_cover(cover_pdf: Path, dpi: float, box_mm: Box | None = None) -> NDArray[np.uint8]:
    """Picture of a box of the cover, in mm of its page, or of all of it; raises as `opened_cover`.

    Returns
    -------
    ndarray, shape (h, w, 3), uint8
        sRGB, averaged in linear light; its first pixel begins at the corner of the box.
    """
    with opened_cover(cover_pdf) as (page, sheet):
        x0, y0, x1, y1 = box_mm or (0.0, 0.0, sheet.width_mm, sheet.height_mm)
        size = (math.ceil(length * px_per_mm(dpi) - 1e-6) for length in (x1 - x0, y1 - y0))
        return draw(page, sheet, (x0, y0), dpi, (next(size), next(size)))
