"""Two ways to resample an image: shrunk by a whole factor (area average), and warped by an affine map (linear)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, pixel_scaling

REPLICATE = None


def shrunk(image: NDArray[Any], nx: int, ny: int | None = None) -> NDArray[Any]:
    """Area average over blocks of `nx` by `ny` pixels; an incomplete block at the right or the foot is left out."""
    ny = nx if ny is None else ny
    # Halving is several times quicker than any other factor, and halves of halves are the same averages.
    while image.ndim == 2 and image.dtype.kind == "f" and nx % 2 == ny % 2 == 0:
        image, nx, ny = _averaged(image, 2, 2), nx // 2, ny // 2
    return image if nx == ny == 1 else _averaged(image, nx, ny)


def _averaged(image: NDArray[Any], nx: int, ny: int) -> NDArray[Any]:
    h, w = image.shape[0] // ny, image.shape[1] // nx
    return cv2.resize(image[: h * ny, : w * nx], (w, h), interpolation=cv2.INTER_AREA)


def shrunk_with_map(image: NDArray[Any], to_px: Affine, factor: int) -> tuple[NDArray[Any], Affine]:
    """The image shrunk by `factor`, and the map `to_px` into its pixels."""
    if factor <= 1:
        return image, to_px
    return shrunk(image, factor), pixel_scaling(1 / factor, 1 / factor).after(to_px)


def warped(
    image: NDArray[Any], to_image: Affine, size: tuple[int, int], outside: float | None = REPLICATE
) -> NDArray[Any]:
    """Picture of `size` (width, height) whose pixel p is the image at ``to_image(p)``.

    `outside` is the value beyond the image; None repeats its rim.
    """
    return cv2.warpAffine(
        image,
        np.asarray(to_image.matrix),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT,
        borderValue=0.0 if outside is None else outside,
    )
