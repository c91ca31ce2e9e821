"""Screens: tone as dots of cyan, magenta, yellow and black, which is what a scanner really sees."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64], float, float], NDArray[np.float64]]

_ANGLES_DEG = (15.0, 75.0, 0.0, 45.0)
_UNDER_COLOR = 0.7


def screened(
    image: NDArray[np.uint8],
    kind: str,
    lines_per_px: float,
    rng: np.random.Generator,
    curve: Curve,
    gain: float,
    strength: tuple[float, float, float],
    paper: tuple[float, float, float],
    black: float,
) -> NDArray[np.uint16]:
    """Reflectance of `image` printed in dots.

    Parameters
    ----------
    image : ndarray, shape (rows, columns, 3), uint8, sRGB
        What to print.
    kind : {"am", "fm"}
        Clustered dots at the classical angles, or dispersed dots.
    lines_per_px : float
        Ruling of the AM screen per pixel of `image`.
    rng : numpy.random.Generator
        Phase of the screens and the dispersed dots.
    curve : callable
        Tone curve ``curve(value, gain, black)``.
    gain, strength, paper, black
        As in `Print`.

    Returns
    -------
    ndarray, shape (rows, columns, 3), uint16
        65535 is a reflectance of 1. Dots are drawn at twice the resolution of `image` and averaged over its pixels.

    Notes
    -----
    The mean over a flat tint is that of the continuous print; structure finer than a dot is lost as on paper.
    """
    if kind not in ("am", "fm"):
        raise ValueError(f"halftone {kind!r} is unknown; use 'am' or 'fm'")
    table = curve(np.arange(256) / 255, gain, black)
    inks = [[1.0 if c != i else black for c in range(3)] for i in range(3)] + [[black] * 3]
    phase = rng.uniform(0, 1, (4, 2))
    rows, columns = image.shape[:2]
    noise = rng.random((1024, 1024)).astype(np.float32)
    noise = noise - cv2.GaussianBlur(noise, (0, 0), 1.5)
    rank = np.empty(noise.shape, np.float32)
    rank.flat[np.argsort(noise, axis=None)] = np.arange(noise.size, dtype=np.float32) / noise.size
    out = np.empty((rows, columns, 3), np.uint16)
    density = np.asarray(np.log(np.array(inks)) * np.array(strength), np.float32)
    overprints = np.zeros((16, 3), np.float32)
    for ink in range(4):
        overprints[[bits for bits in range(16) if bits >> ink & 1]] += density[ink]
    overprints = np.exp(overprints)
    for top in range(0, rows, 256):
        part = np.asarray(table[image[top : top + 256]], np.float32)
        areas = (1 - part) / (1 - black)
        key = _UNDER_COLOR * areas.min(axis=2)
        separations = [(areas[:, :, c] - key) / np.maximum(1 - key, 1e-3) for c in range(3)] + [key]
        fine = (2 * part.shape[1], 2 * part.shape[0])
        y, x = np.mgrid[0 : fine[1], 0 : fine[0]].astype(np.float32)
        y += 2 * top
        over = np.zeros((fine[1], fine[0]), np.uint8)  # a bit for each ink that lies there
        for ink, amount in enumerate(separations):
            amount = cv2.resize(amount, fine, interpolation=cv2.INTER_LINEAR)
            inked = amount > 0  # bare paper, most of a page of text, has no dots whatever the screen
            if kind == "am":
                threshold = _spot(x[inked], y[inked], lines_per_px / 2, _ANGLES_DEG[ink], phase[ink])
            else:
                shift = (phase[ink] * 1024).astype(int)
                threshold = rank[(y[inked].astype(int) + shift[0]) % 1024, (x[inked].astype(int) + shift[1]) % 1024]
            inked[inked] = amount[inked] > threshold
            over += inked * np.uint8(1 << ink)
        mean = cv2.resize(overprints[over], (part.shape[1], part.shape[0]), interpolation=cv2.INTER_AREA)
        out[top : top + 256] = np.rint(65535 * np.maximum(mean, black**1.3) * np.array(paper))
    return out


def _spot(
    x: NDArray[np.float32], y: NDArray[np.float32], lines_per_px: float, angle_deg: float, phase: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Threshold 0..1, evenly distributed over a cell, of a round-dot screen."""
    c, s = np.cos(np.deg2rad(angle_deg)) * lines_per_px, np.sin(np.deg2rad(angle_deg)) * lines_per_px
    u = np.float32(2 * np.pi) * (np.float32(c) * x + np.float32(s) * y + np.float32(phase[0]))
    v = np.float32(2 * np.pi) * (np.float32(c) * y - np.float32(s) * x + np.float32(phase[1]))
    height = (np.cos(u) + np.cos(v)) / 2
    return np.asarray(np.interp(height, _HEIGHTS, _RANKS), np.float32)


_GRID = np.cos(2 * np.pi * (np.arange(512) + 0.5) / 512)
_HEIGHTS = np.quantile((_GRID[:, None] + _GRID[None, :]) / 2, np.linspace(0, 1, 257))
_RANKS = np.linspace(1, 0, 257)
