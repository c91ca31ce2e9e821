"""A scan as a small picture for reports."""

from __future__ import annotations

import io

import cv2
from PIL import Image

from qc.normalize.page_image import PageImage
from qc.resample import shrunk

THUMBNAIL_HEIGHT_PX = 150


def small_picture(image: PageImage) -> bytes:
    """The scan as a WebP of 150 rows."""
    # Halves first: they are many times quicker than any other factor.
    coarse = image.pixels
    while coarse.shape[0] >= 4 * THUMBNAIL_HEIGHT_PX:
        coarse = shrunk(coarse, 2)
    scale = THUMBNAIL_HEIGHT_PX / coarse.shape[0]
    small = cv2.resize(coarse, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "WEBP", quality=60, method=2)
    return buffer.getvalue()
