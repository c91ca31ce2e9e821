"""A reference page prepared for registration: its levels with tile sums, and where it repeats itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points, Size
from qc.reference.base import ReferencePage
from qc.register.fourier import fast_length, irfft, rfft
from qc.resample import shrunk_with_map

Plane = NDArray[Any]
"""A picture of one channel, float32."""

TILE_PX = 32
"""Of the level at 75 dpi: 10.8 mm, four lines of text."""
BLUR_PX = (1.2, 0.8)
"""Blur of the levels; at 75 dpi what makes a page as soft as its blurred scan. With 0.6 to 0.9 tiles of drawn pages lie about
equally well, with 1.2 twice as far off."""
FINE_BLUR_PX = 0.9
LEAST_VARIANCE = 2e-5
"""Of a tile's light; a tile that varies less carries no print."""
REACH_PX = 8
"""How far blur and gradients look."""
_SUMS = ("mean", "var", "gx", "gy", "gxx", "gxy", "gyy", "gxr", "gyr", "core")
PERIODIC_LIMIT = 0.97
GRID_LIMIT = 0.9
MIN_RETURN = 0.2
REPEAT_LIMIT = 0.8
"""A page that fits itself this well when shifted may be registered a step off; both places are then compared."""


@dataclass(frozen=True)
class Level:
    """A reference page at one resolution, as far as it is printed: luminance, gradients and tile sums."""

    plane: Plane
    grad_x: Plane
    grad_y: Plane
    to_px: Affine
    tile: int
    mm_per_px: float
    sums: dict[str, NDArray[np.float64]]

    @cached_property
    def centers_px(self) -> Points:
        """Of the tiles, row by row, shape (tiles, 2)."""
        rows, cols = self.sums["mean"].shape
        cx, cy = (np.arange(n) * self.tile + 0.5 * (self.tile - 1) for n in (cols, rows))
        return np.column_stack([np.tile(cx, rows), np.repeat(cy, cols)])

    @cached_property
    def centers_mm(self) -> Points:
        return self.to_px.inverse()(self.centers_px)


@dataclass(frozen=True)
class PreparedPage:
    """A reference page prepared for registration: a high-passed picture at 37.5 dpi, levels at 37.5 and 75 dpi, the whole
    page at 75 dpi, whether its position along x and y is unambiguous, and the shifts (mm) that bring it nearly onto
    itself. Only what lies between the `flat_mm` along x is compared."""

    trim: Size
    coarse: Plane
    to_coarse: Affine
    levels: tuple[Level, ...]
    source: ReferencePage
    observable: tuple[bool, bool]
    repeats_mm: tuple[tuple[float, float], ...]
    flat_mm: tuple[float, float] = (float("-inf"), float("inf"))

    @property
    def center(self) -> Points:
        """Of the trim box (mm)."""
        return np.array([self.trim.width_mm, self.trim.height_mm]) / 2

    @cached_property
    def whole(self) -> Plane:
        """The page at 75 dpi, bare regions included, somewhat blurred."""
        return cv2.GaussianBlur(self.source.smooth, (0, 0), 1.2)

    @property
    def to_whole(self) -> Affine:
        return self.source.to_smooth

    @cached_property
    def fine(self) -> Level:
        """The level at 150 dpi, for pages that 75 dpi do not settle; the page is drawn for it."""
        plane, to_px = self.source.luminance, self.source.to_px
        sums = self.source.kept("fine", lambda: _sums_of(*_gradients(plane, FINE_BLUR_PX), 2 * TILE_PX))
        return _printed_part(plane, to_px, 2 * TILE_PX, FINE_BLUR_PX, sums)

    def level(self, dpi: float) -> Level:
        """That at 37.5, 75 or 150 dpi."""
        return self.fine if dpi == 150.0 else self.levels[int(dpi == 75.0)]

    def between(self, flat_mm: tuple[float, float]) -> PreparedPage:
        """The same page, compared only between two x (page-frame mm): the rest is bent."""
        x = np.arange(self.coarse.shape[1])
        at = self.to_coarse.inverse()(np.column_stack([x, x]))[:, 0]
        seen = (at > flat_mm[0]) & (at < flat_mm[1])
        return replace(self, coarse=np.where(seen[None, :], self.coarse, 0).astype(self.coarse.dtype), flat_mm=flat_mm)


def prepare(page: ReferencePage) -> PreparedPage:
    """Prepare a reference page. Its sums of tiles and its repeats are paid for once a title: the disk cache keeps them."""
    half = page.smooth, page.to_smooth
    small = shrunk_with_map(*half, 2)
    planes = [(*small, TILE_PX // 2, BLUR_PX[0]), (*half, TILE_PX, BLUR_PX[1])]
    kept = page.kept("print", lambda: _sums(planes) | {"repeats": _repeats(*half)})
    (shift_x, match_x), (shift_y, match_y) = kept["repeats"].tolist()
    return PreparedPage(
        trim=page.trim,
        coarse=high_pass(small[0]),
        to_coarse=small[1],
        levels=tuple(
            _printed_part(*plane, {name: kept[f"{name}{i}"] for name in _SUMS}) for i, plane in enumerate(planes)
        ),
        source=page,
        observable=_observable(match_x, match_y),
        repeats_mm=tuple(
            shift for match, shift in ((match_x, (shift_x, 0.0)), (match_y, (0.0, shift_y))) if match > REPEAT_LIMIT
        ),
    )


def _sums(planes: Sequence[tuple[Plane, Affine, int, float]]) -> dict[str, NDArray[np.float64]]:
    return {
        f"{name}{i}": value
        for i, (plane, _, tile, blur) in enumerate(planes)
        for name, value in _sums_of(*_gradients(plane, blur), tile).items()
    }


def _repeats(half: Plane, to_half: Affine) -> NDArray[np.float64]:
    return np.array([_repeat(lines, to_half.scale[0]) for lines in (half, half.T)])


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


def _printed_part(plane: Plane, to_px: Affine, tile: int, blur: float, sums: dict[str, NDArray[np.float64]]) -> Level:
    """The level, cut to the tiles that carry print: the others say nothing, and a page has wide margins."""
    row, col = np.nonzero(sums["var"] > LEAST_VARIANCE)
    (top, bottom), (left, right) = _extent(row), _extent(col)
    # Blur and gradients reach over the rim of the part.
    y, x = max(top * tile - REACH_PX, 0), max(left * tile - REACH_PX, 0)
    part = plane[y : bottom * tile + REACH_PX, x : right * tile + REACH_PX]
    inner = (slice(top * tile - y, bottom * tile - y), slice(left * tile - x, right * tile - x))
    blurred, grad_x, grad_y = (p[inner] for p in _gradients(part, blur))
    to_part = Affine.shift(-left * tile, -top * tile).after(to_px)
    sums = {name: values[top:bottom, left:right] for name, values in sums.items()}
    return Level(blurred, grad_x, grad_y, to_part, tile, 1 / to_px.scale[0], sums)


def _extent(places: NDArray[np.intp]) -> tuple[int, int]:
    """The range that holds all places; the first where there is none."""
    return (int(places.min()), int(places.max()) + 1) if places.size else (0, 1)


def _gradients(plane: Plane, blur: float) -> tuple[Plane, Plane, Plane]:
    """The plane blurred, and its gradients along x and y."""
    plane = cv2.GaussianBlur(plane, (0, 0), blur)
    return (
        plane,
        cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8),
        cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8),
    )


def _sums_of(plane: Plane, grad_x: Plane, grad_y: Plane, tile: int) -> dict[str, NDArray[np.float64]]:
    mean = tile_mean(plane, tile)
    return {
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
    size = fast_length(n + last + 2)
    spectrum = rfft(lines, size)
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
