"""Pieces of scans as pictures: cut out upright, and encoded for a report."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from qc.geometry import Affine, Box, pixel_scaling

OFF_THE_SCAN = 205
WEBP_QUALITY, THUMBNAIL_QUALITY = 78, 60
WEBP_METHOD = 2
"""Encodes in half the time that 4 takes, into 4 % more."""
JPEG_QUALITY = 65


def upright_crop(scan: NDArray[Any], to_scan: Affine, box_mm: Box, px_per_mm: float) -> NDArray[np.uint8]:
    """The pixels of `box_mm`, upright in the page frame.

    Parameters
    ----------
    scan : ndarray, shape (h, w) or (h, w, 3), uint8
        The whole scan at full resolution.
    to_scan : Affine
        Page-frame millimeters to pixels of `scan`.
    box_mm : tuple of float
        x0, y0, x1, y1 in the page frame; may reach beyond the paper and beyond the scan, which is then light gray.
    px_per_mm : float
        Resolution of the crop.

    Returns
    -------
    ndarray, shape (rows, columns, 3), uint8
        RGB.
    """
    width, height = (round((box_mm[i + 2] - box_mm[i]) * px_per_mm) for i in (0, 1))
    to_page = Affine.shift(box_mm[0], box_mm[1]).after(Affine.scaling(1 / px_per_mm)).after(Affine.shift(0.5, 0.5))
    matrix = to_scan.after(to_page)

    corners = matrix([[0, 0], [width, 0], [width, height], [0, height]])
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 3
    part = np.ascontiguousarray(scan[y0:y1, x0:x1])
    if part.ndim == 2:
        part = np.repeat(part[..., None], 3, axis=2)
    if part.size == 0:
        return np.full((height, width, 3), OFF_THE_SCAN, np.uint8)
    source = Affine.shift(-float(x0), -float(y0)).after(matrix)
    shrink = 1 / max(source.scale)
    if shrink < 0.7:
        # Resampling with two neighbors skips pixels when it shrinks; averaging first keeps thin strokes.
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        source = pixel_scaling(shrink, shrink).after(source)
    crop = cv2.warpAffine(
        part,
        source.matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(OFF_THE_SCAN,) * 3,
    )
    return np.asarray(crop, np.uint8)


def small_webp(rgb: NDArray[np.uint8], width_px: int, most_bytes: int, quality: int = WEBP_QUALITY) -> bytes:
    """A picture of at most `width_px` columns as WebP, as large as `most_bytes` allow."""
    shrink = min(1.0, width_px / rgb.shape[1])
    while True:
        small = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else rgb
        buffer = io.BytesIO()
        Image.fromarray(small).save(buffer, "WEBP", quality=quality, method=WEBP_METHOD)
        size = buffer.tell()
        if size <= most_bytes or min(small.shape[:2]) < 16:
            return buffer.getvalue()
        # A little smaller than its area says, as detail takes more room the finer the pixels are averaged.
        shrink *= 0.9 * (most_bytes / size) ** 0.5


def thumbnail(webp: bytes, most_bytes: int) -> bytes:
    """A small picture as it is, or smaller where it takes more than `most_bytes`."""
    if len(webp) <= most_bytes:
        return webp
    rgb = np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))
    return small_webp(rgb, rgb.shape[1], most_bytes, THUMBNAIL_QUALITY)


def jpeg(pixels: NDArray[np.uint8], quality: int = JPEG_QUALITY) -> bytes:
    """A picture, gray or in color, as JPEG: to be opened by itself, and quick to encode."""
    rgb = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality, colorsubsampling="420"))


def turned(picture: bytes, turns: int) -> bytes:
    """A `jpeg` after so many counterclockwise quarter turns."""
    return jpeg(np.rot90(simplejpeg.decode_jpeg(picture), turns)) if turns else picture
