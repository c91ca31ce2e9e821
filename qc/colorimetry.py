"""Color of averaged linear light: sRGB to CIE L*a*b* (D50, 2 degrees) and CIEDE2000."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PRINTED = 0.97
"""A tile darker than this share of the paper carries print."""

# Linear sRGB (D65) to XYZ adapted to D50 by Bradford: Lindbloom, "RGB/XYZ matrices". skimage's rgb2lab with
# illuminant "D50" swaps the white point without adapting and puts white at b* = -19, so it is not used.
_SRGB_TO_XYZ_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_D50_WHITE = _SRGB_TO_XYZ_D50.sum(axis=1)
PAPER_LAB = np.array([100.0, 0.0, 0.0])
"""L*a*b* of the white that colors are relative to."""


def srgb_to_linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB-encoded values in 0..1 (IEC 61966-2-1)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `srgb_to_linear`."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


LINEAR_LUT: NDArray[np.float32] = srgb_to_linear(np.arange(256) / 255.0).astype(np.float32)
LIGHTS = 65535
SRGB_LUT: NDArray[np.uint8] = np.rint(linear_to_srgb(np.arange(LIGHTS + 1) / LIGHTS) * 255).astype(np.uint8)
"""sRGB of light in 16 bits, which no 8-bit value gets lost in."""


def linear_rgb_to_lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* under D50 of linear sRGB, shape (..., 3); 1, 1, 1 is L* = 100."""
    return xyz_to_lab(rgb @ _SRGB_TO_XYZ_D50.T)


def xyz_to_lab(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of XYZ under D50, shape (..., 3); Y = 1 is L* = 100."""
    t = xyz / _D50_WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def lab_to_xyz(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """XYZ under D50 of CIE L*a*b*, shape (..., 3); the inverse of `xyz_to_lab`."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    return np.asarray(_D50_WHITE * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)))


def xyz_to_linear_rgb(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear sRGB of XYZ under D50, shape (..., 3); outside 0..1 where sRGB does not hold the color."""
    return np.asarray(xyz @ np.linalg.inv(_SRGB_TO_XYZ_D50).T)


def carries_print(lab: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tiles, L*a*b* relative to paper, darker than bare paper in one of R, G and B; shape (rows, cols)."""
    return np.asarray(xyz_to_linear_rgb(lab_to_xyz(lab.astype(np.float64))).min(axis=-1) < PRINTED)


def relative_to_paper(lab: NDArray[np.float64], paper: NDArray[np.float64]) -> NDArray[np.float64]:
    """Media-relative L*a*b* (ICC.1).

    XYZ is divided by that of `paper` (L*a*b*, shape (3,)), so that bare paper is 100, 0, 0.
    """
    return xyz_to_lab(lab_to_xyz(lab) / lab_to_xyz(paper) * _D50_WHITE)


def ciede2000(lab1: NDArray[np.float64], lab2: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIEDE2000 difference of L*a*b* arrays, shape (..., 3), in float64 (float32 jumps at the hue of 180 degrees)."""
    from skimage.color import deltaE_ciede2000

    return np.asarray(deltaE_ciede2000(np.asarray(lab1, np.float64), np.asarray(lab2, np.float64)))
