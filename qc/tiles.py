"""Registered page and reference averaged over the same tiles, in linear light: what tone and color are compared on.

Averaging gamma-coded values of a halftone is wrong by several units of color difference; averaging light is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size, pixel_scaling
from qc.normalize import LINEAR_LUT, PageImage
from qc.reference import ReferencePage

MAP_SHRINK = 3
TILE_PX = 7
"""Tiles of 7 px at 50 dpi: 3.6 mm, wide enough to average a halftone screen away."""
RIM_MM = 5.0


@dataclass(frozen=True)
class PageTiles:
    """Linear RGB of the tiles of a page and of its reference.

    Attributes
    ----------
    copy, reference : ndarray, shape (rows, cols, 3), float64
        Relative to paper (1 = bare paper) for `reference`; as scanned for `copy`.
    usable : ndarray, shape (rows, cols), bool
        Inside the page, away from its rim.
    paper : ndarray, shape (3,), or None
        Linear RGB of the bare paper of this page; None where the page shows none.
    to_mm : Affine
        Tile column and row (centers at integers) -> page-frame mm.
    """

    copy: NDArray[np.float64]
    reference: NDArray[np.float64]
    usable: NDArray[np.bool_]
    paper: NDArray[np.float64] | None
    to_mm: Affine


def _linear(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    rgb = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.LUT(rgb, LINEAR_LUT)


def _shrink(linear: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    h, w = linear.shape[0] // factor, linear.shape[1] // factor
    return cv2.resize(linear[: h * factor, : w * factor], (w, h), interpolation=cv2.INTER_AREA)


def page_tiles(image: PageImage, page: ReferencePage, to_px: Affine) -> PageTiles:
    """Average page and reference over the same tiles, in linear light.

    Parameters
    ----------
    image : PageImage
    page : ReferencePage
    to_px : Affine
        Page-frame mm -> working pixels of `image`.
    """
    reference = _shrink(_linear(page.rgb), MAP_SHRINK)
    to_map = pixel_scaling(1 / MAP_SHRINK, 1 / MAP_SHRINK).after(page.to_px)
    factor = max(round(to_px.scale[0] / to_map.scale[0]), 1)
    scan = _shrink(_linear(image.pixels), factor)
    to_scan = pixel_scaling(1 / factor, 1 / factor).after(to_px).after(to_map.inverse())
    size = reference.shape[1::-1]
    warped = cv2.warpAffine(
        scan, to_scan.matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    rows, cols = reference.shape[0] // TILE_PX, reference.shape[1] // TILE_PX
    inside = _inside(page.trim, to_map, reference.shape[:2])

    def tiles(plane: NDArray[np.float32]) -> NDArray[np.float64]:
        cut = plane[: rows * TILE_PX, : cols * TILE_PX]
        return cv2.resize(cut, (cols, rows), interpolation=cv2.INTER_AREA).astype(np.float64)

    usable = tiles(inside) > 0.999
    # Bare paper: pixels whose whole neighborhood is white in the reference.
    bare = (cv2.erode(reference.min(axis=2), np.ones((5, 5), np.uint8)) > 0.98) & (inside > 0)
    paper = np.median(warped[bare], axis=0).astype(np.float64) if int(bare.sum()) > 500 else None
    to_mm = to_map.inverse().after(pixel_scaling(1 / TILE_PX, 1 / TILE_PX).inverse())
    return PageTiles(tiles(warped), tiles(reference), usable, paper, to_mm)


def _inside(trim: Size, to_map: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    corners = to_map(trim.corners() + np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * RIM_MM)
    x0, y0 = np.ceil(corners.min(axis=0)).astype(int)
    x1, y1 = np.floor(corners.max(axis=0)).astype(int)
    mask = np.zeros(shape, np.float32)
    mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = 1
    return mask
