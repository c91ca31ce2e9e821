"""Registered page and reference averaged over the same tiles, in linear light: what tone and color are compared on.

Averaging gamma-coded values of a halftone is wrong by several units of color difference; averaging light is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size, pixel_scaling
from qc.normalize import LINEAR_LUT, PageImage
from qc.reference import ReferencePage
from qc.resample import shrunk, shrunk_with_map, warped
from qc.scan_color import SRGB, ScanColor

MAP_SHRINK = 3
TILE_PX = 7
"""Tiles of 7 px at 50 dpi: 3.6 mm, wide enough to average a halftone screen away."""
RIM_MM = 5.0


Light = NDArray[Any]


@dataclass(frozen=True)
class PageTiles:
    """Linear RGB of the tiles of a page and of its reference.

    Attributes
    ----------
    copy, reference : ndarray, shape (rows, cols, 3), float64 or float32
        Relative to paper (1 = bare paper) for `reference`; as scanned for `copy`.
    usable : ndarray, shape (rows, cols), bool
        Inside the page, away from its rim.
    paper : ndarray, shape (3,), or None
        Linear RGB of the bare paper of this page; None where the page shows none.
    to_mm : Affine
        Tile column and row (centers at integers) -> page-frame mm.
    spread : ndarray, shape (rows, cols), float64 or float32
        Standard deviation of the reference's luminance within the tile; small where it has one even tone.
    colors : ScanColor
        What the light of `copy` and `paper` means.
    """

    copy: Light
    reference: Light
    usable: NDArray[np.bool_]
    paper: NDArray[np.float64] | None
    to_mm: Affine
    spread: Light
    colors: ScanColor = SRGB

    def compact(self) -> PageTiles:
        """The same in 32 bits, to be kept: 80 kB for a page of 6 by 9 in."""
        copy, reference, spread = (v.astype(np.float32) for v in (self.copy, self.reference, self.spread))
        return replace(self, copy=copy, reference=reference, spread=spread)


def _linear(pixels: NDArray[np.uint8], decode: NDArray[np.float32] = LINEAR_LUT) -> NDArray[Any]:
    rgb: NDArray[Any] = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.LUT(rgb, decode)


def page_tiles(
    image: PageImage,
    page: ReferencePage,
    to_px: Affine,
    flat_mm: tuple[float, float] = (float("-inf"), float("inf")),
) -> PageTiles:
    """Average page and reference over the same tiles, in linear light.

    Parameters
    ----------
    image : PageImage
    page : ReferencePage
    to_px : Affine
        Page-frame mm -> working pixels of `image`.
    flat_mm : tuple of float
        Only what lies between these x of the page frame is usable; the rest is bent.
    """
    to_map = pixel_scaling(1 / MAP_SHRINK, 1 / MAP_SHRINK).after(page.to_px)
    ordered = page.kept("tiles", lambda: _ordered(page, to_map))
    scan, to_scan = shrunk_with_map(
        _linear(image.pixels, image.colors.decode), to_px, round(to_px.scale[0] / to_map.scale[0])
    )
    width, height = ordered["size"].tolist()
    copy = warped(scan, to_scan.after(to_map.inverse()), (width, height))
    shown = copy.reshape(-1, 3)[ordered["bare"]]
    paper = np.median(shown, axis=0).astype(np.float64) if len(shown) > 500 else None
    to_mm = to_map.inverse().after(pixel_scaling(1 / TILE_PX, 1 / TILE_PX).inverse())
    copy_tiles = shrunk(copy, TILE_PX).astype(np.float64)
    usable = ordered["usable"]
    x_mm = to_mm(np.column_stack([np.arange(usable.shape[1]), np.zeros(usable.shape[1])]))[:, 0]
    usable = usable & (x_mm > flat_mm[0]) & (x_mm < flat_mm[1])
    reference_tiles, spread = (ordered[name].astype(np.float64) for name in ("mean", "spread"))
    return PageTiles(copy_tiles, reference_tiles, usable, paper, to_mm, spread, image.colors)


def _ordered(page: ReferencePage, to_map: Affine) -> dict[str, NDArray[Any]]:
    """What the tiles of a reference page hold, and where it shows bare paper: pixels whose whole neighborhood is white."""
    reference = shrunk(_linear(page.rgb), MAP_SHRINK)
    inside = _inside(page.trim, to_map, reference.shape[:2])
    bare = np.flatnonzero((cv2.erode(reference.min(axis=2), np.ones((5, 5), np.uint8)) > 0.98) & (inside > 0))
    return {
        "mean": shrunk(reference, TILE_PX),
        "spread": _spread(reference.mean(axis=2)),
        "usable": shrunk(inside, TILE_PX) > 0.999,
        # A median of some thousand pixels is as good as one of them all.
        "bare": bare[:: 1 + len(bare) // 20000].astype(np.uint32),
        "size": np.array(reference.shape[1::-1]),
    }


def _spread(luminance: NDArray[np.float32]) -> NDArray[np.float64]:
    mean, square = (shrunk(v, TILE_PX).astype(np.float64) for v in (luminance, luminance * luminance))
    return np.asarray(np.sqrt(np.clip(square - mean * mean, 0, None)))


def _inside(trim: Size, to_map: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    corners = to_map(trim.corners() + np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * RIM_MM)
    x0, y0 = np.ceil(corners.min(axis=0)).astype(int)
    x1, y1 = np.floor(corners.max(axis=0)).astype(int)
    mask = np.zeros(shape, np.float32)
    mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = 1
    return mask
