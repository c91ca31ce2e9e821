"""The image that a page of a PDF consists of: whether there is one, how it lies, whether it is whole, its pixels.

Everything here is called under `qc.scan.pdfium.LOCK`, while the page is open.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qc.geometry import Box
from qc.scan.decoders import fax, jpeg
from qc.scan.decoders.raster import Info, Pixels, Turn, Unusable, refuse_giant

POINTS_PER_INCH = 72
_LEAST_COVER = 0.9
_LEAST_SHOWN = 0.98
_MOST_OFF_AXIS = 0.002
_TEXT, _IMAGE = raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_IMAGE
# names of objects, so that these are seen in the text of a file however its objects are packed
_MASKED = re.compile(rb"/S?Mask\s*[\d\[]|/SMaskInData\s*[12]")
_DECODED = re.compile(rb"/Decode\s*[\d\[]")
_PACKED_OR_SCALED = re.compile(rb"/ObjStm|/UserUnit")


@dataclass(frozen=True)
class Placed:
    """The one image of a page; `object` is only valid while the page is open."""

    object: Any
    info: Info


@dataclass(frozen=True)
class Traits:
    """Features of the images of a file that PDFium does not report for each."""

    masked: bool
    """Parts of an image may be transparent."""
    decoded: bool
    """The values of an image may be turned round or stretched."""
    scaled: bool
    """Its unit may be another than 1/72 in."""


def traits(path: Path) -> Traits:
    """What the images of a file may have."""
    about = path.stat()
    return _traits(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=8)
def _traits(path: Path, size: int, mtime_ns: int) -> Traits:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return Traits(*(bool(trait.search(text)) for trait in (_MASKED, _DECODED, _PACKED_OR_SCALED)))


def images(page: pdfium.PdfPage) -> list[Any]:
    """All images of a page, in forms too."""
    return [o for o in page.get_objects(max_depth=8) if o.type == _IMAGE]


def single(page: pdfium.PdfPage, unit: float) -> Placed | None:
    """The image that is all of the page but for text laid over it by OCR; None where there is no such image.

    `unit` is the length of a unit of the page in 1/72 in.
    """
    found = images(page)
    if len(found) != 1 or any(o.type not in (_IMAGE, _TEXT) for o in page.get_objects(max_depth=3)):
        return None
    (image,) = found
    if image.container is not None or raw.FPDFPageObj_HasTransparency(image):
        return None
    bounds, shown = image.get_bounds(), page.get_bbox()
    seen = _area(_common(bounds, shown))
    if seen < _LEAST_COVER * _area(shown) or seen < _LEAST_SHOWN * _area(bounds) or _clipped(image, bounds):
        return None
    a, b, c, d, _, _ = image.get_matrix().get()
    turn = _turn((a, b), (c, d), page.get_rotation())
    width, height = image.get_px_size()
    refuse_giant(width, height)
    metadata = image.get_metadata()
    if turn is None or metadata.bits_per_pixel == 0 or (_is_stencil(image) and not _paints_black(image)):
        return None
    points = unit * float(np.hypot(a, b)), unit * float(np.hypot(c, d))
    dpi = (width / points[0] * POINTS_PER_INCH, height / points[1] * POINTS_PER_INCH)
    gray = metadata.bits_per_pixel in (1, 8) and metadata.colorspace != raw.FPDF_COLORSPACE_INDEXED
    return Placed(image, Info(width, height, gray, 1 if metadata.bits_per_pixel == 1 and gray else 8, dpi, turn))


def refuse_damaged(image: Any) -> None:
    """Refuse an image whose stream is not whole; PDFium leaves out or fills up what is missing."""
    width, height = image.get_px_size()
    refuse_giant(width, height)
    match image.get_filters(skip_simple=True):
        case []:
            held = raw.FPDFImageObj_GetImageDataDecoded(image, None, 0)
            if not any(0 <= held - height * row < row for row in _rows(width)):
                raise Unusable(
                    f"holds an image of {width} x {height} pixels in {held} bytes, too few or too many: "
                    "export it again or rescan the page"
                )
        case ["DCTDecode"]:
            jpeg.check(bytes(image.get_data(decode_simple=True)))
        case ["CCITTFaxDecode"]:
            fax.refuse_damaged(bytes(image.get_data(decode_simple=True)), bitmap(image))


def _rows(width: int) -> set[int]:
    """Bytes that a row of plain pixels may take; PDFium does not tell how many bits a channel has."""
    return {(width * channels * bits + 7) // 8 for channels in (1, 3, 4) for bits in (1, 2, 4, 8, 16)}


def jpeg_stream(image: Any) -> bytes:
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


def bitmap(image: Any) -> Pixels:
    """Gray or RGB pixels as stored."""
    try:
        decoded = image.get_bitmap(render=False)
    except pdfium.PdfiumError as fault:
        raise Unusable("holds an image that cannot be decoded: export it again or rescan the page") from fault
    try:
        # a stencil holds where to paint, in white
        return 255 - _rgb(decoded) if _is_stencil(image) else _rgb(decoded)
    finally:
        decoded.close()


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _clipped(image: Any, bounds: Box) -> bool:
    """Whether a clip path may hide a part of the image; rectangles that leave nearly all of it do not."""
    clip = raw.FPDFPageObj_GetClipPath(image)
    for path in range(max(raw.FPDFClipPath_CountPaths(clip), 0) if clip else 0):
        points = [_point(clip, path, n) for n in range(raw.FPDFClipPath_CountPathSegments(clip, path))]
        xs, ys = {round(x, 2) for x, _ in points}, {round(y, 2) for _, y in points}
        if len(xs) != 2 or len(ys) != 2 or len(points) > 5:
            return True
        if _area(_common(bounds, (min(xs), min(ys), max(xs), max(ys)))) < _LEAST_SHOWN * _area(bounds):
            return True
    return False


def _point(clip: Any, path: int, segment: int) -> tuple[float, float]:
    x, y = ctypes.c_float(), ctypes.c_float()
    raw.FPDFPathSegment_GetPoint(raw.FPDFClipPath_GetPathSegment(clip, path, segment), x, y)
    return x.value, y.value


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


def _rgb(decoded: Any) -> Pixels:
    array = np.array(decoded.to_numpy())
    if array.ndim == 3 and array.shape[2] == 1:
        return array[..., 0]
    if array.ndim == 3:
        return array[..., 2::-1]
    return array
