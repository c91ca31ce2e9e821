"""PNG through Pillow; OpenCV reads color of 16 bits, which Pillow would cut to 8."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import Image

from qc.scan.decoders.jpeg import exif
from qc.scan.decoders.raster import (
    Info,
    Pixels,
    Unusable,
    from_pillow,
    on_white,
    refuse_giant,
    refuse_hollow,
    shrink,
)

_SIGNATURE = 8
_END = b"IEND\xaeB`\x82"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_TAGS = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
# no deflate stream expands further
_MOST_BYTES_PER_BYTE = 1032
# section 13.13 of the PNG specification; most writers state 0.45455
_SHOWN_GAMMA, _NO_OTHER_TONE = 2.2, 0.05


def count(path: Path) -> int:
    return 1


def info(path: Path, frame: int) -> Info:
    with path.open("rb") as file:
        width, height, bits, color = _ihdr(file.read(33))
        refuse_giant(width, height)
        tagged_late = _tagged_late(file)
    with Image.open(path, formats=["PNG"]) as image:
        if tagged_late:
            image.load()
        turn = exif(image)[0]
        dpi = image.info.get("dpi")
    bits = 16 if bits == 16 else 1 if bits == 1 and color == 0 else 8
    return Info(width, height, color in (0, 4), bits, dpi, turn)


def pixels(path: Path, frame: int, reduce: int) -> Pixels:
    data = path.read_bytes()
    width, height, bits, color = _ihdr(data)
    refuse_giant(width, height)
    refuse_hollow(width * height * bits * _CHANNELS[color] / 8 / _MOST_BYTES_PER_BYTE, len(data))
    _refuse_damaged(data)
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        turn = exif(image)[0]
        array = from_pillow(image) if bits < 16 or color == 0 else _sixteen_bits(data, color)
        array = _in_srgb(array, image.info)
    return shrink(turn.apply(array), reduce)


def _ihdr(data: bytes) -> tuple[int, int, int, int]:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise Unusable("ends too early (truncated): copy the file again or rescan the page")
    width, height, bits, color = struct.unpack(">IIBB", data[16:26])
    if color not in _CHANNELS:
        raise Unusable(f"is a damaged PNG (color type {color}): copy the file again or rescan the page")
    return width, height, bits, color


def _tagged_late(file: BinaryIO) -> bool:
    """Whether tags follow the pixels, where Pillow only sees them once it has decoded all before."""
    file.seek(_SIGNATURE)
    after_pixels = False
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if after_pixels and kind in _TAGS:
            return True
        after_pixels |= kind == b"IDAT"
        file.seek(length + 4, io.SEEK_CUR)
    return False


def _refuse_damaged(data: bytes) -> None:
    """Refuse a file without its end or with a wrong checksum; decoders deliver pixels of both."""
    if _END not in data:
        raise Unusable("ends too early (truncated): copy the file again or rescan the page")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.verify()
    except (SyntaxError, struct.error) as fault:
        raise Unusable("is a damaged PNG (checksum): copy the file again or rescan the page") from fault


def _in_srgb(array: Pixels, about: dict[Any, Any]) -> Pixels:
    """The values as a viewer shows them where the file states a tone of its own, such as linear light, and no profile."""
    gamma = about.get("gamma", 0) * _SHOWN_GAMMA
    if not gamma or "srgb" in about or "icc_profile" in about or abs(gamma - 1) < _NO_OTHER_TONE:
        return array
    most = np.iinfo(array.dtype).max
    return np.asarray(np.rint(most * (np.arange(most + 1) / most) ** (1 / gamma)).astype(array.dtype)[array])


def _sixteen_bits(data: bytes, color: int) -> Pixels:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise Unusable("is a 16-bit PNG that cannot be decoded: export the scan as TIFF")
    if decoded.shape[2] == 3:
        return np.asarray(decoded[..., ::-1])
    rgb = on_white(np.asarray(decoded[..., [2, 1, 0, 3]]))
    return rgb[..., 0] if color == 4 else rgb
