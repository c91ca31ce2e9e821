"""Page resampled into the raster of its reference page, flat-fielded to white paper.

What lies beyond the cut is backing, never print: it is replaced by what the page shows at its rim, so that no step is
left where a copy was cut.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import MARGIN_MM, WORKING_DPI, Affine, Size
from qc.normalize.page_image import PageImage
from qc.units import px_per_mm

RIM_MM = 0.5
"""Cut edge, its blur and its shadow; not shown."""
_CELL_PX = 8
_GROUP = 6
_LEAST_CELLS = 12
_MOST_UNEVEN = 0.15

Light = NDArray[np.float32]


def raster(trim: Size) -> tuple[Affine, tuple[int, int]]:
    """Page-frame mm -> pixels, and width and height, of a reference page of this trim with its margin."""
    scale = px_per_mm(WORKING_DPI)
    offset = MARGIN_MM * scale - 0.5
    width, height = (math.ceil((v + 2 * MARGIN_MM) * scale - 1e-6) for v in (trim.width_mm, trim.height_mm))
    return Affine.shift(offset, offset).after(Affine.scaling(scale)), (width, height)


def rectified(image: PageImage, to_px: Affine, trim: Size) -> Light:
    """The page in the raster of `trim`, as linear light.

    Parameters
    ----------
    image : PageImage
    to_px : Affine
        Page-frame mm -> working pixels.
    trim : Size

    Returns
    -------
    ndarray, shape (h, w, 3), float32
        Light as `image.colors` decodes it; beyond `RIM_MM` inside the trim the rim is continued.
    """
    to_raster, size = raster(trim)
    rgb = image.pixels if image.color else cv2.cvtColor(image.pixels, cv2.COLOR_GRAY2RGB)
    # In linear light: interpolating encoded values of a halftone darkens it.
    light = cv2.LUT(rgb, image.colors.decode)
    warped = cv2.warpAffine(
        light,
        to_px.after(to_raster.inverse()).matrix,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    x0, y0 = np.ceil(to_raster((RIM_MM, RIM_MM))).astype(int)
    x1, y1 = np.floor(to_raster((trim.width_mm - RIM_MM, trim.height_mm - RIM_MM))).astype(int) + 1
    inner = np.clip(warped[y0:y1, x0:x1], 0, None)
    width, height = size
    return np.asarray(cv2.copyMakeBorder(inner, y0, height - y1, x0, width - x1, cv2.BORDER_REPLICATE), np.float32)


def paper_field(light: Light) -> Light | None:
    """Light that bare paper sends at each pixel of a rectified page, shape (h, w, 3); None where it shows no paper.

    Notes
    -----
    A quadratic surface through the brightest parts of the page follows lamp and curl. A page that is covered with one
    even light tint is taken for paper.
    """
    h, w = light.shape[0] // _CELL_PX, light.shape[1] // _CELL_PX
    small = cv2.resize(light[: h * _CELL_PX, : w * _CELL_PX], (w, h), interpolation=cv2.INTER_AREA)
    rows, cols = h // _GROUP, w // _GROUP
    cells = small[: rows * _GROUP, : cols * _GROUP].reshape(rows, _GROUP, cols, _GROUP, 3).swapaxes(1, 2)
    cells = cells.reshape(rows * cols, _GROUP * _GROUP, 3)
    bright = np.argsort(cells.sum(axis=2), axis=1)[:, -5]
    paper = cells[np.arange(len(cells)), bright].astype(np.float64)
    y, x = np.divmod(np.arange(len(cells)), cols)
    design = _surface((x + 0.5) / cols - 0.5, (y + 0.5) / rows - 0.5)
    level = paper.mean(axis=1)
    top = float(np.quantile(level, 0.9))
    used = level > 0.88 * top
    for _ in range(5):
        if int(used.sum()) < _LEAST_CELLS or top < 0.3:
            return None
        fit = _fitted(design[used], paper[used])
        ratio = level / np.clip((design @ fit).mean(axis=1), 1e-3, None)
        used = (ratio > 0.975) & (ratio < 1.03)
    if float(np.ptp(x[used])) < 0.5 * cols or float(np.ptp(y[used])) < 0.5 * rows:
        fit[1:] = 0
        fit[0] = np.median(paper[used], axis=0)
    yy, xx = np.mgrid[0:h, 0:w]
    shape = _surface((xx.ravel() + 0.5) / (cols * _GROUP) - 0.5, (yy.ravel() + 0.5) / (rows * _GROUP) - 0.5)
    middle = np.median(paper[used], axis=0)
    field = np.clip(shape @ fit, (1 - _MOST_UNEVEN) * middle, (1 + _MOST_UNEVEN) * middle).reshape(h, w, 3)
    return np.asarray(cv2.resize(np.asarray(field, np.float32), light.shape[1::-1]), np.float32)


def _surface(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def _fitted(design: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares with a trace of damping on all but the level, so that it does not swing where there is no paper."""
    damping = np.diag([0.0, *[0.02 * len(design)] * 5]) * 0.05
    return np.asarray(np.linalg.solve(design.T @ design + damping, design.T @ values))


def relative(light: Light, paper: NDArray[np.float64]) -> Light:
    """A rectified page relative to its paper; where it shows none, to `paper`, linear RGB."""
    field = paper_field(light)
    return np.asarray(light / (paper if field is None else field), np.float32)


def encoded(light: Light) -> NDArray[np.uint8]:
    """sRGB of linear light, 1 = white."""
    v = np.clip(light, 0, 1)
    return np.asarray(np.round(255 * np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)), np.uint8)
