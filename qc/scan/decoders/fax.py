"""Whether a CCITT fax stream is whole: libtiff complains of damage, PDFium does not."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from qc.scan.decoders import libtiff
from qc.scan.decoders.raster import Pixels, Unusable

_GROUP4, _GROUP3 = 4, 3
_KINDS = ((_GROUP4, 0), (_GROUP3, 0), (_GROUP3, 1))
"""Compression and options (1: two-dimensional) of a TIFF; what a PDF states of its stream PDFium does not tell."""


def refuse_damaged(data: bytes, pixels: Pixels) -> None:
    """Refuse a fax stream unless libtiff reads it as some kind of fax without a complaint, and to the same black and
    white `pixels`, shape (h, w), or their negative."""
    height, width = pixels.shape[:2]
    black = (pixels if pixels.ndim == 2 else pixels[..., 0]) < 128
    for kind in _KINDS:
        read = _read(_tiff(data, width, height, *kind))
        if read is not None and (np.array_equal(read, black) or np.array_equal(read, ~black)):
            return
    raise Unusable("holds a fax image that is damaged or of a rare kind: export it as G4 or JPEG, or rescan the page")


def _read(tiff: bytes) -> Pixels | None:
    try:
        with Image.open(io.BytesIO(tiff), formats=["TIFF"]) as image, libtiff.refuse_damage():
            image.load()
            return np.asarray(np.asarray(image) == 0)
    except (Unusable, OSError):
        return None


def _tiff(data: bytes, width: int, height: int, compression: int, options: int) -> bytes:
    """The stream as the one strip of a TIFF."""
    tags = {256: width, 257: height, 258: 1, 259: compression, 262: 0, 273: 0, 277: 1, 278: height, 279: len(data)}
    if compression == _GROUP3:
        tags[292] = options
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + data
