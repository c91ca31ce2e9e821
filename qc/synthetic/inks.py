"""Faults of single inks and of their evenness, put on a printed sheet: what prints less, more, in bands, or gray."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units

_STRIP = 256
_SIDE = np.array([[0.0, 0.09, 0.02], [0.28, 0.0, 0.06], [0.10, 0.48, 0.0]])
"""What process inks absorb outside their own band (rows R, G, B; columns cyan, magenta, yellow), as a share of it."""


def with_inks(
    sheet: NDArray[np.uint16],
    paper: tuple[float, float, float],
    inks: tuple[float, float, float],
    ink_gain: tuple[float, float, float],
    side: float,
    key: float,
) -> NDArray[np.uint16]:
    """The sheet with its inks printed at other strength or with other dot gain.

    Parameters
    ----------
    sheet : ndarray, shape (rows, columns, 3), uint16
        Reflectance; 65535 is 1.
    paper : (float, float, float)
    inks : (float, float, float)
        Factor on the density of cyan, magenta and yellow; 0 did not print.
    ink_gain : (float, float, float)
        Relative excess of each ink in the light half of its scale, none in solids: 0.2 prints a tint of density 0.3
        about 15 % too dark.
    side : float
        Unwanted absorptions: 0 for ideal inks, 1 for usual process inks.
    key : float
        Share of the gray that is printed in black and so does not depend on the three inks.
    """
    mix = (np.eye(3) + side * _SIDE).astype(np.float32)
    apart = np.linalg.inv(mix)
    white = np.array([65535 * p for p in paper], np.float32)
    out = np.empty_like(sheet)
    for top in range(0, sheet.shape[0], _STRIP):
        density = -np.log(np.clip(sheet[top : top + _STRIP] / white, 1e-4, 1.0))
        amount = np.clip(density, 0, None) @ apart.T
        black = key * np.clip(amount.min(axis=2, keepdims=True), 0, None)
        changed = amount - black
        for i in range(3):
            more = 1 + ink_gain[i] * np.exp(-np.clip(changed[:, :, i], 0, None) / 1.2) if ink_gain[i] else 1.0
            changed[:, :, i] *= inks[i] * more
        printed = np.clip((changed + black) @ mix.T, 0, None)
        out[top : top + _STRIP] = np.rint(white * np.exp(-printed))
    return out


def grayed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page as a printer set to black and white prints it, in equal channels."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)


def unevenness(
    shape: tuple[int, int],
    dpi: float,
    fade: float,
    fade_down: float,
    bands: tuple[tuple[str, float, float, float], ...],
) -> NDArray[np.float32]:
    """Factor on the density at each pixel, shape (rows, columns).

    Parameters
    ----------
    shape : (int, int)
    dpi : float
    fade, fade_down : float
        Loss growing linearly toward the right and toward the tail; negative toward the left and the head.
    bands : tuple of (axis, pitch_mm, amplitude, phase)
        ``"y"`` bands change down the page (they lie across it), ``"x"`` bands across it; the density swings by ±`amplitude`.
    """
    factor = np.ones(shape, np.float32)
    for axis, loss in ((1, fade), (0, fade_down)):
        way = np.linspace(0, 1, shape[axis], dtype=np.float32)
        lost = abs(loss) * (way if loss > 0 else 1 - way)
        factor *= 1 - (lost[None, :] if axis == 1 else lost[:, None])
    for name, pitch_mm, amplitude, phase in bands:
        axis = "yx".index(name)
        at = np.arange(shape[axis]) / units.px_per_mm(dpi)
        wave = 1 + amplitude * np.sin(2 * np.pi * at / pitch_mm + phase)
        factor *= (wave[None, :] if axis == 1 else wave[:, None]).astype(np.float32)
    return factor
