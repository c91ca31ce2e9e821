"""Registered page and reference side by side at 50 dpi, in linear light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Box, Points, Size, pixel_scaling
from qc.normalize.page_image import LINEAR_LUT, PageImage
from qc.normalize.scan_color import ScanColor
from qc.reference.base import ReferencePage
from qc.resample import shrunk, warped

TILE_PX = 7
"""Tiles of 7 px at 50 dpi: 3.6 mm, wide enough to average a halftone screen away."""
RIM_MM = 5.0
MOST_BLEED_MM = 5.0
BARE = 0.98
"""Light of the reference from which on it prints nothing."""
STRIP_ROWS = 50
_STEPS = 2**16 - 1


@dataclass(frozen=True)
class PageMaps:
    """A registered page as its reference lies.

    Attributes
    ----------
    copy : ndarray, shape (h, w, 3), float32
        Linear RGB as scanned.
    reference : ndarray, shape (h, w), float32
        Linear light, the mean of R, G and B, relative to paper (1 = bare paper).
    inside : ndarray, shape (h, w), bool
        Inside the page, away from its rim.
    to_map : Affine
        Page-frame mm -> pixels of the maps.
    slope : float
        How far a line along the scan's columns leans in the maps: columns a row.
    colors : ScanColor
        What the light of `copy` means.
    tiles : mapping of ndarray
        What tiles of the reference hold: ``mean`` (rows, cols, 3), ``spread`` and ``usable`` (rows, cols); and of the maps
        ``bare``, the indices of pixels whose whole neighborhood is bare paper, and ``unprinted`` (h, w), 1 where a pixel and
        those beside it are bare.
    """

    copy: NDArray[np.float32]
    reference: NDArray[np.float32]
    inside: NDArray[np.bool_]
    to_map: Affine
    slope: float
    colors: ScanColor
    tiles: Mapping[str, NDArray[Any]]

    @cached_property
    def light(self) -> NDArray[np.float32]:
        """Mean of the channels of `copy`, shape (h, w)."""
        return np.asarray(cv2.transform(self.copy, np.full((1, 3), 1 / 3, np.float32)), np.float32)


def page_maps(image: PageImage, page: ReferencePage, to_px: Affine, shown_mm: Box | None = None) -> PageMaps:
    """Put page and reference side by side.

    Parameters
    ----------
    image : PageImage
    page : ReferencePage
    to_px : Affine
        Page-frame mm -> working pixels of `image`.
    shown_mm : tuple of float, optional
        Left, top, right, bottom of what the scan shows, in page-frame mm; for pages of which it is not known where they
        are cut. Print nearer to the rim of that is bleed, or what stands beside the page.
    """
    to_map = page.to_light
    kept = page.kept("maps", lambda: _reference_maps(page, to_map))
    factor = max(round(to_px.scale[0] / to_map.scale[0]), 1)
    scan, to_scan = _shrunk_light(image, factor), pixel_scaling(1 / factor, 1 / factor).after(to_px)
    from_map = to_scan.after(to_map.inverse())
    light = np.multiply(kept["light"], 1 / _STEPS, dtype=np.float32)
    copy = warped(scan, from_map, (light.shape[1], light.shape[0]))
    inside = _inside(page.trim, to_map, light.shape[:2]) > 0
    (x0, y0), (x1, y1) = from_map.inverse()([[0, 0], [0, 100]])
    maps = PageMaps(copy, light, inside, to_map, float((x1 - x0) / (y1 - y0)), image.colors, kept)
    return maps if shown_mm is None else _narrowed(maps, page.trim, shown_mm)


def _narrowed(maps: PageMaps, page: Size, shown_mm: Box) -> PageMaps:
    """The maps, what lies near the rim of what is shown, or where bleed may be, outside."""
    rim = RIM_MM + MOST_BLEED_MM
    left, top = max(shown_mm[0] + RIM_MM, rim), max(shown_mm[1] + RIM_MM, rim)
    right, bottom = min(shown_mm[2] - RIM_MM, page.width_mm - rim), min(shown_mm[3] - RIM_MM, page.height_mm - rim)
    inside = _between(maps.to_map(np.array([[left, top], [right, bottom]])), maps.inside.shape)
    bare = maps.tiles["bare"]
    tiles = {
        **maps.tiles,
        "usable": maps.tiles["usable"] & (shrunk(inside, TILE_PX) > 0.999),
        "unprinted": maps.tiles["unprinted"] * (inside > 0),
        "bare": bare[inside.ravel()[bare] > 0],
    }
    return replace(maps, inside=maps.inside & (inside > 0), tiles=tiles)


def _reference_maps(page: ReferencePage, to_map: Affine) -> dict[str, NDArray[Any]]:
    reference = page.light
    inside = _inside(page.trim, to_map, reference.shape[:2])
    darkest = reference.min(axis=2)
    bare = np.flatnonzero((cv2.erode(darkest, np.ones((5, 5), np.uint8)) > BARE) & (inside > 0))
    light = reference.mean(axis=2)
    return {
        "light": np.rint(light * _STEPS).astype(np.uint16),
        "mean": shrunk(reference, TILE_PX),
        "spread": _spread(light),
        "usable": shrunk(inside, TILE_PX) > 0.999,
        # A median of some thousand pixels is as good as one of them all.
        "unprinted": ((cv2.erode(darkest, np.ones((3, 3), np.uint8)) > BARE) & (inside > 0)).astype(np.uint8),
        "bare": bare[:: 1 + len(bare) // 20000].astype(np.uint32),
    }


def _spread(luminance: NDArray[np.float32]) -> NDArray[np.float64]:
    mean, square = (shrunk(v, TILE_PX).astype(np.float64) for v in (luminance, luminance * luminance))
    return np.asarray(np.sqrt(np.clip(square - mean * mean, 0, None)))


def _linear(pixels: NDArray[np.uint8], decode: NDArray[np.float32] = LINEAR_LUT) -> NDArray[Any]:
    rgb: NDArray[Any] = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.LUT(rgb, decode)


def _shrunk_light(image: PageImage, factor: int) -> NDArray[np.float32]:
    """Linear RGB of an image shrunk by `factor`, a strip of rows at a time: the light of all its pixels takes 12 bytes each."""
    height, width = (n // factor for n in image.pixels.shape[:2])
    shrunken = np.empty((height, width, 3), np.float32)
    for first in range(0, height, STRIP_ROWS):
        last = min(first + STRIP_ROWS, height)
        light = _linear(image.pixels[first * factor : last * factor], image.colors.decode)
        shrunken[first:last] = shrunk(light, factor)
    return shrunken


def _inside(trim: Size, to_map: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _between(to_map(trim.corners() + np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * RIM_MM), shape)


def _between(corners: Points, shape: tuple[int, ...]) -> NDArray[np.float32]:
    x0, y0 = np.ceil(corners.min(axis=0)).astype(int)
    x1, y1 = np.floor(corners.max(axis=0)).astype(int)
    mask = np.zeros(shape, np.float32)
    mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = 1
    return mask
