"""What lens, sensor and driver do to the light that comes from the glass."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from qc import units

Image = NDArray[np.float32]


def blur(light: Image, sigma_px: float, tail: float, tail_px: float) -> Image:
    """Spread light by a Gaussian and, by the share `tail`, by one-sided exponentials of length `tail_px`.

    The kernel is centered on its mean, so that no edge moves in the integral.
    """
    kernel = _kernel(sigma_px, tail, tail_px)
    return np.asarray(cv2.sepFilter2D(light, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def _kernel(sigma_px: float, tail: float, tail_px: float) -> NDArray[np.float64]:
    reach = int(np.ceil(4 * sigma_px + (6 * tail_px if tail else 0))) + 2
    fine = 32
    at = (np.arange(-reach * fine, reach * fine + 1)) / fine
    spread = np.exp(-0.5 * (at / max(sigma_px, 1e-3)) ** 2)
    spread /= spread.sum()
    if tail:
        side = np.where(at >= 0, np.exp(-at / tail_px), 0)
        spread = (1 - tail) * spread + tail * np.convolve(spread, side / side.sum(), mode="same")
        at = at - (at * spread).sum() / spread.sum()
    taps = np.zeros(2 * reach + 3)
    left = np.floor(at).astype(int)
    share = at - left
    np.add.at(taps, left + reach + 1, spread * (1 - share))
    np.add.at(taps, left + reach + 2, spread * share)
    return np.asarray(taps / taps.sum(), float)


def glare(light: Image, amount: float, across_mm: float, along_mm: float, dpi: tuple[float, float]) -> Image:
    """Light that bounces between page, glass and lamp: ``seen = true * (1 + amount * (mean around - 0.5))``.

    The mean is weighted by an exponential, `across_mm` wide across and `along_mm` along the scan; it is taken at about
    10 dpi, so brightness near a dark area falls over centimeters.
    """
    rows, columns = light.shape[:2]
    small = cv2.resize(
        light, (max(2, round(columns * 10 / dpi[0])), max(2, round(rows * 10 / dpi[1]))), interpolation=3
    )
    for length, shape in ((across_mm, (1, -1)), (along_mm, (-1, 1))):
        reach = int(np.ceil(4 * length / units.mm_per_px(10)))
        kernel = np.exp(-np.abs(np.arange(-reach, reach + 1)) * units.mm_per_px(10) / length).astype(np.float32)
        kernel /= kernel.sum()
        small = cv2.filter2D(small, -1, kernel.reshape(shape), borderType=cv2.BORDER_REPLICATE)
    around = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR).reshape(light.shape)
    return np.asarray(light * (1 + np.float32(amount) * (around - np.float32(0.5))), np.float32)


def shifted(channel: Image, dx_px: float, dy_px: float) -> Image:
    """The picture of one channel moved by a part of a pixel, right and down."""
    move = np.array([[1, 0, dx_px], [0, 1, dy_px]])
    size = (channel.shape[1], channel.shape[0])
    return np.asarray(cv2.warpAffine(channel, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


@lru_cache(maxsize=8)
def tone_table(kind: str, gamma: float, contrast: float, size: int) -> NDArray[np.float32]:
    """Encoded value 0..1 of linear values 0..1 at `size` steps.

    `kind` is ``"gamma"`` or ``"srgb"``; `contrast` > 0 bends the curve to an S.
    """
    x = np.linspace(0, 1, size)
    if kind == "srgb":
        y = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    elif kind == "gamma":
        y = x ** (1 / gamma)
    else:
        raise ValueError(f"tone {kind!r} is unknown; use 'gamma' or 'srgb'")
    y = y - contrast * np.sin(2 * np.pi * y) / (2 * np.pi)
    return np.asarray(y, np.float32)


def wobble(rng: np.random.Generator, rows: int, rms_px: float, length_rows: float) -> NDArray[np.float32]:
    """Irregular feed: displacement of each row, without shift and stretch in the mean; shape (rows,), px."""
    path = cv2.GaussianBlur(rng.standard_normal((rows + 400, 1)), (0, 0), sigmaX=1e-3, sigmaY=length_rows)[200:-200, 0]
    at = np.arange(rows)
    path = path - np.polyval(np.polyfit(at, path, 1), at)
    return np.asarray(rms_px * path / path.std(), np.float32)


def wave(count: int, per_mm: float, length_mm: float, strain: float, phase: float) -> NDArray[np.float32]:
    """Displacement (px) of `count` rows or columns by a sine whose slope is `strain` at most."""
    turn = 2 * np.pi / length_mm
    return np.asarray(per_mm * strain / turn * np.sin(turn * np.arange(count) / per_mm + phase), np.float32)


def warp(rng: np.random.Generator, shape: tuple[int, int], rms_px: float, cells: int = 4) -> NDArray[np.float32]:
    """Smooth local distortion, free of shift, turn, stretch and shear in the mean; shape (rows, columns, 2), px."""
    coarse = rng.standard_normal((cells + 2, cells + 2, 2))
    grid = cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC).reshape(-1, 2)
    y, x = np.mgrid[0:64, 0:64].reshape(2, -1)
    base = np.column_stack([np.ones(x.size), x, y])
    grid = grid - base @ np.linalg.lstsq(base, grid, rcond=None)[0]
    grid *= rms_px / grid.std()
    field = grid.reshape(64, 64, 2).astype(np.float32)
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def sharpened(image: Image, radius_px: float, amount: float) -> Image:
    """Unsharp mask on encoded values: `amount` 1 is 100 %."""
    soft = cv2.GaussianBlur(image, (0, 0), radius_px)
    return np.asarray(image + np.float32(amount) * (image - soft), np.float32)
