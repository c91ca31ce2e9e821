"""Pages laid on their tiles by the truth, without registration: for tests of color between copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import PAPER_LAB, linear_rgb_to_lab
from qc.features.color_tiles import ColorTiles
from qc.geometry import MARGIN_MM, WORKING_DPI, Affine, Size
from qc.normalize.flat_field import encoded, raster
from qc.reference.base import ReferencePage
from qc.units import px_per_mm


def ordered_page(number: int, light: NDArray[np.floating], size: Size) -> ReferencePage:
    """A reference page from light relative to paper, shape (h, w, 3), of the trim at `WORKING_DPI`."""
    to_px, (width, height) = raster(size)
    rim = round(MARGIN_MM * px_per_mm(WORKING_DPI))
    page = np.ones((height, width, 3), np.float32)
    page[rim : rim + light.shape[0], rim : rim + light.shape[1]] = light[: height - rim, : width - rim]
    rgb = encoded(page)
    return ReferencePage(number, size, to_px, lambda: rgb)


def tiles_of(light: NDArray[np.floating], corner_mm: tuple[float, float], step_mm: float, size: Size) -> ColorTiles:
    """Tiles of a page from light relative to its paper, shape (rows, cols, 3); its reference looks the same."""
    lab = linear_rgb_to_lab(np.asarray(light, np.float64)).astype(np.float16)
    x, y = (v + step_mm / 2 for v in corner_mm)
    to_mm = Affine.shift(x, y).after(Affine.scaling(step_mm))
    return ColorTiles(lab, lab, np.ones(lab.shape[:2], bool), to_mm, size, PAPER_LAB)
