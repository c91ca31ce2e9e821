"""PDF of scans: the image a page consists of, as it was stored; a page that is more than one image is rendered."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qc.decode import jpeg
from qc.decode.raster import Info, Pixels, Turn, Unusable, refuse_giant, refuse_other_size, shrink
from qc.errors import ScanError
from qc.pdfium import LOCK, open_document

# it warns of each bitmap that is closed in time, which has to be done here, under `LOCK`
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_POINTS_PER_INCH = 72
_RENDER_DPI = 300
_LEAST_COVER = 0.9
_MOST_OFF_AXIS = 0.002
_TEXT, _IMAGE = raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_IMAGE


@dataclass(frozen=True)
class _Placed:
    """The one image of a page; `object` is only valid while the page is open, under `LOCK`."""

    object: Any
    info: Info


def count(path: Path) -> int:
    with _document(path) as document:
        return len(document)


def info(path: Path, frame: int) -> Info:
    with _document(path) as document, _page(document, frame) as page:
        placed = _single_image(page)
        return placed.info if placed else _rendered_info(page)


def pixels(path: Path, frame: int, reduce: int) -> Pixels:
    with _document(path) as document, _page(document, frame) as page:
        placed = _single_image(page)
        if placed is None:
            return shrink(_render(page), reduce)
        stream = _jpeg_stream(placed.object)
        bitmap = None if stream else _bitmap(placed.object)
    head = placed.info
    if bitmap is None:
        # decoded without the lock, so that other threads can read on
        return refuse_other_size(jpeg.decode(stream, reduce, head.turn), head, reduce)
    if head.gray and bitmap.ndim == 3:
        bitmap = bitmap[..., 0]
    elif not head.gray and bitmap.ndim == 2:
        bitmap = np.repeat(bitmap[..., None], 3, axis=2)
    return shrink(refuse_other_size(head.turn.apply(bitmap), head), reduce)


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


def _single_image(page: pdfium.PdfPage) -> _Placed | None:
    """The image that is all of the page but for text laid over it by OCR; None where there is no such image."""
    objects = list(page.get_objects(max_depth=3))
    images = [o for o in objects if o.type == _IMAGE]
    if len(images) != 1 or any(o.type not in (_IMAGE, _TEXT) for o in objects):
        return None
    (image,) = images
    if image.container is not None or raw.FPDFPageObj_HasTransparency(image):
        return None
    left, bottom, right, top = image.get_bounds()
    page_left, page_bottom, page_right, page_top = page.get_bbox()
    covered = (min(right, page_right) - max(left, page_left)) * (min(top, page_top) - max(bottom, page_bottom))
    if covered < _LEAST_COVER * (page_right - page_left) * (page_top - page_bottom):
        return None
    a, b, c, d, _, _ = image.get_matrix().get()
    turn = _turn((a, b), (c, d), page.get_rotation())
    width, height = image.get_px_size()
    refuse_giant(width, height)
    metadata = image.get_metadata()
    if turn is None or metadata.bits_per_pixel == 0 or (_is_stencil(image) and not _paints_black(image)):
        return None
    dpi = (width / float(np.hypot(a, b)) * _POINTS_PER_INCH, height / float(np.hypot(c, d)) * _POINTS_PER_INCH)
    gray = metadata.bits_per_pixel in (1, 8) and metadata.colorspace != raw.FPDF_COLORSPACE_INDEXED
    return _Placed(image, Info(width, height, gray, 1 if metadata.bits_per_pixel == 1 and gray else 8, dpi, turn))


def _turn(right: tuple[float, float], up: tuple[float, float], rotation_deg: int) -> Turn | None:
    """Turn from stored to shown pixels, given where an image's right and up point on a page shown turned clockwise."""
    for _ in range(rotation_deg // 90):
        right, up = (right[1], -right[0]), (up[1], -up[0])
    (rx, ry), (dx, dy) = (right[0], -right[1]), (-up[0], up[1])
    if abs(ry) <= _MOST_OFF_AXIS * abs(rx) and abs(dx) <= _MOST_OFF_AXIS * abs(dy):
        return Turn(False, dy < 0, rx < 0)
    if abs(rx) <= _MOST_OFF_AXIS * abs(ry) and abs(dy) <= _MOST_OFF_AXIS * abs(dx):
        return Turn(True, ry < 0, dx < 0)
    return None


def _is_stencil(image: Any) -> bool:
    metadata = image.get_metadata()
    return bool(metadata.bits_per_pixel == 1 and metadata.colorspace == raw.FPDF_COLORSPACE_UNKNOWN)


def _paints_black(image: Any) -> bool:
    channels = [ctypes.c_uint() for _ in range(4)]
    known = raw.FPDFPageObj_GetFillColor(image, *channels)
    return bool(known) and [c.value for c in channels] == [0, 0, 0, 255]


def _jpeg_stream(image: Any) -> bytes:
    """The JPEG file inside the image object where it is plain gray or RGB, else nothing."""
    metadata = image.get_metadata()
    if image.get_filters(skip_simple=True) != ["DCTDecode"] or metadata.bits_per_pixel not in (8, 24):
        return b""
    if metadata.colorspace not in (
        raw.FPDF_COLORSPACE_DEVICEGRAY,
        raw.FPDF_COLORSPACE_DEVICERGB,
        raw.FPDF_COLORSPACE_CALGRAY,
        raw.FPDF_COLORSPACE_CALRGB,
        raw.FPDF_COLORSPACE_ICCBASED,
    ):
        return b""
    return bytes(image.get_data(decode_simple=True))


def _bitmap(image: Any) -> Pixels:
    bitmap = image.get_bitmap(render=False)
    try:
        # a stencil holds where to paint, in white
        return 255 - _rgb(bitmap) if _is_stencil(image) else _rgb(bitmap)
    finally:
        bitmap.close()


def _rendered_size(page: pdfium.PdfPage) -> tuple[int, int]:
    width, height = page.get_size()
    return int(np.ceil(width * _scale())), int(np.ceil(height * _scale()))


def _scale() -> float:
    # a hair less than 300 dpi: pdfium rounds up, and would make 1801 pixels of 6 inches
    return (_RENDER_DPI - 1e-4) / _POINTS_PER_INCH


def _rendered_info(page: pdfium.PdfPage) -> Info:
    width, height = _rendered_size(page)
    refuse_giant(width, height)
    width_pt, height_pt = page.get_size()
    dpi = (width / width_pt * _POINTS_PER_INCH, height / height_pt * _POINTS_PER_INCH)
    return Info(width, height, False, 8, dpi)


def _render(page: pdfium.PdfPage) -> Pixels:
    refuse_giant(*_rendered_size(page))
    bitmap = page.render(scale=_scale(), rev_byteorder=True)
    try:
        return np.array(bitmap.to_numpy())
    finally:
        bitmap.close()


def _rgb(bitmap: Any) -> Pixels:
    array = np.array(bitmap.to_numpy())
    if array.ndim == 3 and array.shape[2] == 1:
        return array[..., 0]
    if array.ndim == 3:
        return array[..., 2::-1]
    return array
