"""Registered page and reference side by side at 50 dpi, in linear light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size
from qc.normalize import LINEAR_LUT, PageImage
from qc.reference import ReferencePage
from qc.resample import shrunk_with_map, warped
from qc.scan_color import ScanColor

MAP_SHRINK = 3
RIM_MM = 5.0


@dataclass(frozen=True)
class PageMaps:
    """A registered page as its reference lies.

    Attributes
    ----------
    copy, reference : ndarray, shape (h, w, 3), float32
        Linear RGB; `reference` relative to paper (1 = bare paper), `copy` as scanned.
    inside : ndarray, shape (h, w), float32
        1 inside the page, away from its rim; 0 elsewhere.
    to_map : Affine
        Page-frame mm -> pixels of the maps.
    slope : float
        How far a line along the scan's columns leans in the maps: columns a row.
    colors : ScanColor
        What the light of `copy` means.
    """

    copy: NDArray[np.float32]
    reference: NDArray[np.float32]
    inside: NDArray[np.float32]
    to_map: Affine
    slope: float
    colors: ScanColor


def page_maps(image: PageImage, page: ReferencePage, to_px: Affine) -> PageMaps:
    """Put page and reference side by side.

    Parameters
    ----------
    image : PageImage
    page : ReferencePage
    to_px : Affine
        Page-frame mm -> working pixels of `image`.
    """
    reference, to_map = shrunk_with_map(_linear(page.rgb), page.to_px, MAP_SHRINK)
    scan, to_scan = shrunk_with_map(
        _linear(image.pixels, image.colors.decode), to_px, round(to_px.scale[0] / to_map.scale[0])
    )
    from_map = to_scan.after(to_map.inverse())
    copy = warped(scan, from_map, (reference.shape[1], reference.shape[0]))
    inside = _inside(page.trim, to_map, reference.shape[:2])
    (x0, y0), (x1, y1) = from_map.inverse()([[0, 0], [0, 100]])
    return PageMaps(copy, reference, inside, to_map, float((x1 - x0) / (y1 - y0)), image.colors)


def _linear(pixels: NDArray[np.uint8], decode: NDArray[np.float32] = LINEAR_LUT) -> NDArray[Any]:
    rgb: NDArray[Any] = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.LUT(rgb, decode)


def _inside(trim: Size, to_map: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    corners = to_map(trim.corners() + np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * RIM_MM)
    x0, y0 = np.ceil(corners.min(axis=0)).astype(int)
    x1, y1 = np.floor(corners.max(axis=0)).astype(int)
    mask = np.zeros(shape, np.float32)
    mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = 1
    return mask
