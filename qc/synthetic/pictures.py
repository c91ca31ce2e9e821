"""Procedural photographs: smooth noise, gradients, edges; no two alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """Noise of zero mean and unit deviation with `cells` grains along the longer side; shape (rows, columns)."""
    rows, cols = (max(2, round(cells * n / max(shape))) for n in shape)
    coarse = rng.standard_normal((rows + 2, cols + 2), np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray((fine - fine.mean()) / fine.std(), np.float32)


def photograph(
    rng: np.random.Generator, width_px: int, height_px: int, tone: str = "mixed", color: bool = True
) -> NDArray[np.uint8]:
    """A made-up photograph.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides what is seen.
    width_px, height_px : int
        Size of the picture.
    tone : {"mixed", "bright", "dark"}
        Range of lightness.
    color : bool
        False gives equal channels.

    Returns
    -------
    ndarray, shape (height_px, width_px, 3), uint8, sRGB
    """
    shape = (height_px, width_px)
    light = np.zeros(shape, np.float32)
    for cells, weight in ((3, 1.0), (9, 0.5), (31, 0.3), (110, 0.18), (380, 0.12)):
        light += weight * smooth_noise(rng, shape, cells)
    light += np.linspace(1.0, -1.0, height_px, dtype=np.float32)[:, None]
    canvas = cv2.merge([light, 0.7 * smooth_noise(rng, shape, 4), 0.7 * smooth_noise(rng, shape, 5)])
    for _ in range(9):
        center = (int(rng.integers(width_px)), int(rng.integers(height_px)))
        axes = (int(rng.integers(width_px // 20, width_px // 5)), int(rng.integers(height_px // 20, height_px // 5)))
        patch = np.zeros(shape, np.float32)
        cv2.ellipse(patch, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
        canvas = canvas + patch[:, :, None] * rng.normal(0, 0.9, 3).astype(np.float32)
    low, high = {"mixed": (0.05, 0.95), "bright": (0.72, 0.98), "dark": (0.02, 0.3)}[tone]
    value = low + (high - low) / (1 + np.exp(-1.3 * canvas[:, :, 0]))
    if not color:
        rgb = cv2.merge([value, value, value])
    else:
        spread = 0.25 * (high - low)
        u, v = np.tanh(canvas[:, :, 1]) * spread, np.tanh(canvas[:, :, 2]) * spread
        rgb = cv2.merge([value + u, value - 0.4 * u - 0.3 * v, value + v])
    return np.asarray(np.clip(rgb * 255 + 0.5, 0, 255), np.uint8)
