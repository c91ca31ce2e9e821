"""JPEG through simplejpeg, which alone of the usual decoders refuses a stream damaged in the middle."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from qc.scan.decoders.raster import (
    EXIF_TURNS,
    UPRIGHT,
    Info,
    Pixels,
    Turn,
    Unusable,
    from_pillow,
    refuse_giant,
    refuse_hollow,
    shrink,
)
from qc.units import to_mm

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_CM = to_mm(1, "in") / 10
# one bit for the first coefficient of each block of 64 pixels is the least a scan of the whole image takes
_MOST_PIXELS_PER_BYTE = 512


def count(path: Path) -> int:
    return 1


def info(path: Path, frame: int) -> Info:
    with Image.open(path, formats=["JPEG"]) as image:
        return _info(image)


def pixels(path: Path, frame: int, reduce: int) -> Pixels:
    return decode(path.read_bytes(), reduce)


def decode(data: bytes, reduce: int, turn: Turn | None = None) -> Pixels:
    """Upright pixels of a JPEG stream; `turn` replaces what its EXIF block says."""
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        head, profile = _info(image), image.info.get("icc_profile")
        mode = image.mode
    turn = head.turn if turn is None else turn
    refuse_giant(head.width_px, head.height_px)
    refuse_hollow(head.width_px * head.height_px / _MOST_PIXELS_PER_BYTE, len(data))
    # the DCT scales blocks counted from the stored corner, which must stay blocks when upright
    scaled = reduce in (2, 4, 8) and turn.keeps_grid(head.width_px, head.height_px, reduce)
    factor = reduce if scaled else 1
    array = _decode_strictly(data, mode, -(-head.height_px // factor), -(-head.width_px // factor))
    if mode == "CMYK":
        # Adobe stores CMYK inverted, and nobody else writes it
        cmyk = Image.fromarray(255 - array, "CMYK")
        cmyk.info["icc_profile"] = profile
        array = from_pillow(cmyk)
    array = turn.apply(array)
    return array if scaled else shrink(array, reduce)


def check(data: bytes) -> None:
    """Refuse a JPEG stream that is not whole."""
    try:
        _, _, colorspace, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as fault:
        raise Unusable(f"holds a damaged JPEG ({fault}): export it again or rescan the page") from fault
    mode = {"Gray": "L", "CMYK": "CMYK", "YCCK": "CMYK"}.get(colorspace, "RGB")
    _decode_strictly(data, mode, 1, 1)


def _decode_strictly(data: bytes, mode: str, least_height: int, least_width: int) -> Pixels:
    """Pixels at the smallest DCT scale that gives at least the height and width asked for."""
    colorspace = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[mode]
    try:
        array = simplejpeg.decode_jpeg(data, colorspace, min_height=least_height, min_width=least_width)
    except ValueError as fault:
        if "premature" in str(fault).lower():
            raise Unusable("ends too early (truncated): copy the file again or rescan the page") from fault
        raise Unusable(f"is a damaged JPEG ({fault}): copy the file again or rescan the page") from fault
    return np.asarray(array[..., 0] if mode == "L" else array)


def _info(image: Image.Image) -> Info:
    orientation, exif_dpi = exif(image)
    dpi = exif_dpi
    if image.info.get("jfif_unit") in (1, 2):
        x, y = image.info["jfif_density"]
        per_inch = 1.0 if image.info["jfif_unit"] == 1 else _CM
        jfif_dpi = (x * per_inch, y * per_inch)
        # Writers that know nothing put 72 or 96 into JFIF and the scanner's number into EXIF
        if exif_dpi is None or min(jfif_dpi) > 96:
            dpi = jfif_dpi
    return Info(*image.size, image.mode == "L", 8, dpi, orientation)


def exif(image: Image.Image) -> tuple[Turn, tuple[float, float] | None]:
    """Turn and claimed dpi in the EXIF block of an opened image; a damaged block says nothing."""
    try:
        # Not that of PNG, which decodes the picture to look behind it.
        tags = Image.Image.getexif(image)
        turn = EXIF_TURNS.get(tags.get(_ORIENTATION, 1), UPRIGHT)
    except Exception:  # Pillow parses EXIF lazily and raises whatever a damaged block leads to
        return UPRIGHT, None
    return turn, dpi_of_tags(tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION), tags.get(_RESOLUTION_UNIT))


def dpi_of_tags(x: object, y: object, unit: object) -> tuple[float, float] | None:
    """Claimed dpi of the TIFF tags 282, 283 and 296; None where they state no length or make no sense."""
    if unit not in (2, 3):
        return None
    try:
        values = float(x), float(y)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not all(math.isfinite(v) and v > 0 for v in values):
        return None
    scale = 1.0 if unit == 2 else _CM
    return values[0] * scale, values[1] * scale
