"""A page as a small picture of its trim box: what pages are recognized by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.geometry import THUMBNAIL_DPI, Affine
from qc.resample import shrunk_with_map, warped
from qc.units import px_per_mm


def thumbnail(luminance: NDArray[np.float32], start: Affine, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The page as a small picture of its trim box; `start` maps page-frame mm to pixels of `luminance`."""
    small, to_small = shrunk_with_map(luminance, start, round(start.scale[0] / px_per_mm(THUMBNAIL_DPI)))
    return framed(small, to_small, shape)


def framed(luminance: NDArray[np.float32], start: Affine, shape: tuple[int, int]) -> NDArray[np.float32]:
    """`thumbnail` of an image that is about as coarse already."""
    to_picture = Affine(Affine.scaling(px_per_mm(THUMBNAIL_DPI)).matrix + np.array([[0, 0, -0.5], [0, 0, -0.5]]))
    picture = warped(luminance, start.after(to_picture.inverse()), (shape[1], shape[0]))
    # About as the eye and the encoded reference see it: dark pictures keep their detail.
    return np.asarray(np.sqrt(np.maximum(picture, 0.0)), np.float32)
