"""The printed and laminated sheet: inks and film as a scanner's light finds them.

The file's value is read as sRGB; the press bends its tone, mixes its colors and lifts its black. Toner and screens
leave a fine grain that is strongest in midtones. A gloss film deepens black, a matte one scatters light over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from press_model.press import am_tile, srgb_linear

F32 = NDArray[Any]  # float32


@dataclass(frozen=True)
class Sheet:
    """One press and film: linear reflectance of the file's 256 values per channel, mixing, screen, grain."""

    gloss: bool
    tables: NDArray[Any]
    mixing: F32
    screen: float
    ruling: float
    angle: float
    grain: float
    mottle: float


def make_sheet(rng: np.random.Generator) -> Sheet:
    """Draw a press and a film."""
    gloss = bool(rng.random() < 0.5)
    black = float(rng.uniform(0.008, 0.022) if gloss else rng.uniform(0.02, 0.05))
    white = np.array([0.86, 0.865, 0.87]) * float(rng.uniform(0.94, 1.03)) * (1 + rng.uniform(-0.015, 0.015, 3))
    value = np.arange(256) / 255
    common = float(rng.uniform(0.82, 1.22))
    tables = []
    for paper in white:
        power = common * float(np.exp(rng.normal(0, 0.04)))
        tables.append(black + (paper - black) * srgb_linear(value) ** power)
    # no press reaches the screen's full chroma: each channel sees some of the others
    off = rng.uniform(0.0, 0.07, (3, 3))
    np.fill_diagonal(off, 0)
    mixing = (np.diag(1 - off.sum(axis=1)) + off).astype(np.float32)
    screen = float(rng.uniform(0.02, 0.10)) if rng.random() < 0.6 else 0.0
    return Sheet(
        gloss,
        np.array(tables, np.float32).T,
        mixing,
        screen,
        float(rng.choice([133, 150, 175, 200])),
        float(rng.uniform(0, 90)),
        float(rng.uniform(0.004, 0.03)),
        float(rng.uniform(0.0, 0.012)),
    )


@lru_cache(maxsize=8)
def _screen(ruling: float, angle: float, dpi: int) -> F32:
    """Return a seamless tile of the light a screen of half tones leaves in pixels of a scan, mean 0, -0.5 to 0.5."""
    size = 320
    fine = am_tile(ruling * 300 / dpi, angle, "round", size)
    dots = (fine < 128).astype(np.float32)
    small = cv2.resize(cv2.GaussianBlur(np.tile(dots, (3, 3)), (0, 0), 1.0), None, fx=0.5, fy=0.5)
    tile = small[size // 2 : size, size // 2 : size]
    return np.asarray(tile - tile.mean(), np.float32)


def lay_ink(sheet: Sheet, image: NDArray[Any], grain: F32, mottle: NDArray[Any], dpi: int) -> list[F32]:
    """Return linear reflectance as three planes of a raster already warped into the frame.

    Parameters
    ----------
    sheet : Sheet
        Press and film.
    image : ndarray of uint8, shape (rows, columns, 3)
        The file's R, G, B.
    grain : ndarray of float32
        White noise of the same rows and columns.
    mottle : ndarray of uint8
        Coarse unevenness, 200 for none.
    dpi : int
        Resolution of the frame, for the screen.
    """
    linear = cv2.LUT(image, sheet.tables[None, :, :])
    linear = cv2.transform(linear, sheet.mixing)
    light = cv2.GaussianBlur(grain, (3, 3), 0.7)
    light *= np.float32(2 * sheet.grain)
    if sheet.screen:
        tile = _screen(sheet.ruling, round(sheet.angle), dpi)
        rows, cols = grain.shape
        whole = np.tile(tile, (-(-rows // tile.shape[0]), -(-cols // tile.shape[1])))[:rows, :cols]
        tone = np.arange(256) / 255
        weight = cv2.LUT(image[..., 1], (sheet.screen * 4 * tone * (1 - tone)).astype(np.float32))
        light += weight * whole
    light += np.float32(1)
    if sheet.mottle:
        light += (mottle.astype(np.float32) - 200) * np.float32(sheet.mottle / 4)
    return [cv2.multiply(plane, light) for plane in cv2.split(linear)]
