"""A reference page prepared for registration: its levels with tile sums, and where it repeats itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from qc.geometry import Affine, Size
from qc.reference import ReferencePage
from qc.resample import shrunk_with_map

Plane = NDArray[Any]
"""A picture of one channel, float32."""

TILE_PX = 64
PERIODIC_LIMIT = 0.97
GRID_LIMIT = 0.9
MIN_RETURN = 0.2
REPEAT_LIMIT = 0.8
"""A page that fits itself this well when shifted may be registered a step off; both places are then compared."""


@dataclass(frozen=True)
class Level:
    """A reference page at one resolution: luminance, gradients and tile sums."""

    plane: Plane
    grad_x: Plane
    grad_y: Plane
    to_px: Affine
    tile: int
    mm_per_px: float
    sums: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Target:
    """A reference page prepared for registration: a high-passed picture at 37.5 dpi, levels at 37.5, 75 and 150 dpi,
    whether its position along x and y is unambiguous, and the shifts (mm) that bring it nearly onto itself. Only what lies
    between the `flat_mm` along x is compared."""

    trim: Size
    coarse: Plane
    to_coarse: Affine
    levels: tuple[Level, ...]
    observable: tuple[bool, bool]
    repeats_mm: tuple[tuple[float, float], ...]
    flat_mm: tuple[float, float] = (float("-inf"), float("inf"))

    def between(self, flat_mm: tuple[float, float]) -> Target:
        """The same page, compared only between two x (page-frame mm): the rest is bent."""
        x = np.arange(self.coarse.shape[1])
        at = self.to_coarse.inverse()(np.column_stack([x, x]))[:, 0]
        seen = (at > flat_mm[0]) & (at < flat_mm[1])
        return replace(self, coarse=np.where(seen[None, :], self.coarse, 0).astype(self.coarse.dtype), flat_mm=flat_mm)


def prepare(page: ReferencePage) -> Target:
    """Prepare a reference page; the cost is paid once a page."""
    plane = page.luminance
    half, to_half = shrunk_with_map(plane, page.to_px, 2)
    small, to_small = shrunk_with_map(half, to_half, 2)
    along_x, along_y = (_repeat(lines, to_half.scale[0]) for lines in (half, half.T))
    return Target(
        trim=page.trim,
        coarse=high_pass(small),
        to_coarse=to_small,
        levels=(
            _level(small, to_small, TILE_PX // 4, 1.2),
            _level(half, to_half, TILE_PX // 2, 1.2),
            _level(plane, page.to_px, TILE_PX, 0.9),
        ),
        observable=_observable(along_x[1], along_y[1]),
        repeats_mm=tuple(
            shift
            for (_, match), shift in ((along_x, (along_x[0], 0.0)), (along_y, (0.0, along_y[0])))
            if match > REPEAT_LIMIT
        ),
    )


def _observable(match_x: float, match_y: float) -> tuple[bool, bool]:
    """Which axes the print fixes; neither on a grid, which repeats itself along both."""
    if min(match_x, match_y) >= GRID_LIMIT:
        return False, False
    return match_x < PERIODIC_LIMIT, match_y < PERIODIC_LIMIT


def tile_mean(plane: Plane, tile: int, times: Plane | None = None) -> NDArray[np.float64]:
    """Mean of each tile of `tile` pixels; with `times`, of the product of two planes."""
    rows, cols = plane.shape[0] // tile, plane.shape[1] // tile
    bands = [p[: rows * tile, : cols * tile].reshape(rows, tile, cols * tile) for p in (plane, times) if p is not None]
    # Down the columns first: long contiguous rows add up several times faster than small tiles, and no product is stored.
    sums = np.einsum("rtx,rtx->rx", *bands) if times is not None else bands[0].sum(axis=1)
    return np.asarray(sums.reshape(rows, cols, tile).sum(axis=2, dtype=np.float64) / tile**2)


def _level(plane: Plane, to_px: Affine, tile: int, blur: float) -> Level:
    plane = cv2.GaussianBlur(plane, (0, 0), blur)
    grad_x = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    grad_y = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    mean = tile_mean(plane, tile)
    sums = {
        "mean": mean,
        "var": tile_mean(plane, tile, plane) - mean * mean,
        "gx": tile_mean(grad_x, tile),
        "gy": tile_mean(grad_y, tile),
        "gxx": tile_mean(grad_x, tile, grad_x),
        "gxy": tile_mean(grad_x, tile, grad_y),
        "gyy": tile_mean(grad_y, tile, grad_y),
        "gxr": tile_mean(grad_x, tile, plane),
        "gyr": tile_mean(grad_y, tile, plane),
        "core": _core(grad_x * grad_x + grad_y * grad_y, tile),
    }
    return Level(plane, grad_x, grad_y, to_px, tile, 1 / to_px.scale[0], sums)


def _core(energy: Plane, tile: int) -> NDArray[np.float64]:
    """Share of each tile's gradients that does not lie within an eighth of its rim; 0.56 where they lie evenly."""
    parts = tile_mean(energy, tile // 8)
    rows, cols = (n // 8 for n in parts.shape)
    parts = parts[: rows * 8, : cols * 8].reshape(rows, 8, cols, 8)
    return np.asarray(parts[:, 1:7, :, 1:7].sum(axis=(1, 3)) / (parts.sum(axis=(1, 3)) + 1e-12))


def high_pass(plane: Plane) -> Plane:
    """The picture without its slow changes, in units of its own spread, clipped at 3."""
    detail = plane - cv2.blur(plane, (15, 15))
    spread = float(np.sqrt(np.mean(detail * detail))) + 1e-6
    return np.asarray(np.clip(detail / spread, -3, 3))


def _repeat(plane: Plane, px_per_mm: float) -> tuple[float, float]:
    """Shift (mm, 2 to 14) along the rows at which a page fits itself best, and how well (1 = exactly).

    A page that fits itself at `PERIODIC_LIMIT` or better repeats itself: rules that run across the sheet, a dot grid.
    Its position in that direction cannot be known from the print.
    """
    lines = plane - float(np.median(plane))
    first, last = round(2 * px_per_mm), round(14 * px_per_mm)
    n = lines.shape[1]
    size = next_fast_len(n + last + 2, True)
    spectrum = rfft(lines, size, axis=1)
    overlap = irfft((spectrum.real**2 + spectrum.imag**2).sum(axis=0, dtype=np.float64), size)[: last + 2]
    energy = np.cumsum(np.square(lines, dtype=np.float64).sum(axis=0))
    shift = np.arange(last + 2)
    head, tail = energy[n - 1 - shift], energy[-1] - np.where(shift > 0, energy[shift - 1], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        match = np.nan_to_num(overlap / np.sqrt(head * tail), nan=0.0, posinf=0.0, neginf=0.0)
    # The period rarely is a whole number of pixels: take the vertex of the parabola through each peak.
    lo, mid, hi = match[first - 1 : last - 1], match[first:last], match[first + 1 : last + 1]
    bend = lo - 2 * mid + hi
    # A soft picture fits itself well at any small shift: only what falls off in between and comes back is a repeat.
    valley = np.minimum.accumulate(match[round(0.5 * px_per_mm) : last])[-len(mid) :]
    peak = np.flatnonzero((mid >= lo) & (mid >= hi) & (bend < 0) & (mid - valley > MIN_RETURN))
    if not peak.size:
        return 0.0, 0.0
    lo, mid, hi, bend = lo[peak], mid[peak], hi[peak], bend[peak]
    height = mid - (lo - hi) ** 2 / (8 * bend)
    best = int(np.argmax(height))
    return float((first + peak[best] + 0.5 * (lo[best] - hi[best]) / bend[best]) / px_per_mm), float(height[best])
