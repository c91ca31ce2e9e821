"""PDF of scans: the image a page consists of, as it was stored; a page that is more than one image is rendered."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium

from qc.errors import ScanError
from qc.scan.decoders import pdf_image
from qc.scan.decoders.raster import Info, Pixels, Unusable, refuse_giant, refuse_other_size
from qc.scan.pdfium import LOCK, open_document, user_units

# it warns of each bitmap that is closed in time, which has to be done here, under `LOCK`
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_RENDER_DPI = 300


def count(path: Path) -> int:
    with _document(path) as document:
        return len(document)


def info(path: Path, frame: int) -> Info:
    with _document(path) as document, _page(document, frame) as page:
        placed, unit = _placed(path, document, page, frame)
        return placed.info if placed else _rendered_info(page, unit)


@dataclass(frozen=True)
class Stream:
    """A page that is one JPEG, as it is stored."""

    data: bytes
    info: Info


def content(path: Path, frame: int) -> Stream | Pixels:
    """The JPEG that a page consists of, where that is all there is to it, else its upright pixels."""
    with _document(path) as document, _page(document, frame) as page:
        placed, unit = _placed(path, document, page, frame)
        if placed is None:
            return _render(page, unit)
        stream = b"" if pdf_image.traits(path).decoded else pdf_image.jpeg_stream(placed.object)
        if stream:
            return Stream(stream, placed.info)
        pdf_image.refuse_damaged(placed.object)
        bitmap = pdf_image.bitmap(placed.object)
    head = placed.info
    if head.gray and bitmap.ndim == 3:
        bitmap = bitmap[..., 0]
    elif not head.gray and bitmap.ndim == 2:
        bitmap = np.repeat(bitmap[..., None], 3, axis=2)
    return refuse_other_size(head.turn.apply(bitmap), head)


def _placed(
    path: Path, document: pdfium.PdfDocument, page: pdfium.PdfPage, frame: int
) -> tuple[pdf_image.Placed | None, float]:
    """The one image of a page, if it can be taken as it is stored, and the unit of the page in 1/72 in."""
    traits = pdf_image.traits(path)
    about = path.stat()
    unit = _units(path, about.st_size, about.st_mtime_ns)[frame] if traits.scaled else 1.0
    return None if traits.masked else pdf_image.single(page, unit), unit


@lru_cache(maxsize=8)
def _units(path: Path, size: int, mtime_ns: int) -> list[float]:
    with _document(path) as document:
        return user_units(document)


@contextmanager
def _document(path: Path) -> Iterator[pdfium.PdfDocument]:
    with LOCK:
        try:
            document = open_document(path, ScanError)
        except ScanError as fault:
            raise Unusable(str(fault).removeprefix(f"{path} ").rstrip(".")) from fault
        try:
            yield document
        finally:
            document.close()


@contextmanager
def _page(document: pdfium.PdfDocument, frame: int) -> Iterator[pdfium.PdfPage]:
    if not 0 <= frame < len(document):
        raise Unusable(f"does not exist: the file has {len(document)} page(s). Check whether the file was replaced")
    page = document[frame]
    try:
        yield page
    finally:
        page.close()


def _rendered_size(page: pdfium.PdfPage, unit: float) -> tuple[int, int]:
    width, height = page.get_size()
    return int(np.ceil(width * _scale(unit))), int(np.ceil(height * _scale(unit)))


def _scale(unit: float) -> float:
    # a hair less than 300 dpi: pdfium rounds up, and would make 1801 pixels of 6 inches
    return unit * (_RENDER_DPI - 1e-4) / pdf_image.POINTS_PER_INCH


def _rendered_info(page: pdfium.PdfPage, unit: float) -> Info:
    width, height = _rendered_size(page, unit)
    refuse_giant(width, height)
    width_pt, height_pt = page.get_size()
    points = pdf_image.POINTS_PER_INCH / unit
    return Info(width, height, False, 8, (width / width_pt * points, height / height_pt * points))


def _render(page: pdfium.PdfPage, unit: float) -> Pixels:
    refuse_giant(*_rendered_size(page, unit))
    for image in pdf_image.images(page):
        pdf_image.refuse_damaged(image)
    bitmap = page.render(scale=_scale(unit), rev_byteorder=True)
    try:
        drawn = np.array(bitmap.to_numpy())
    finally:
        bitmap.close()
    if not np.any(drawn != drawn[0, 0]):
        raise Unusable(
            "shows nothing, not even the noise of paper: its image is missing or damaged. Export it again or rescan the page"
        )
    return drawn
