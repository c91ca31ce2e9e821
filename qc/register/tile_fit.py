"""Tiles of a scan against those of the reference, and the robust affine displacement that joins them.

Each tile gives a displacement with its own 2 x 2 information: a ruled line counts only across itself. What a feeder does
to a whole row of tiles at once is found from the rows and enters as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points, Size
from qc.register.prepared_page import LEAST_VARIANCE, Level, Plane, tile_mean
from qc.resample import shrunk_with_map, warped
from qc.stats import mad, median, quantile
from qc.units import px_per_mm

NEIGHBORS = 2.0
"""Rows of tiles that a wobble of the transport displaces together."""
UNSEEN_WOBBLE = 1.3
"""A tile averages over 11 mm, and with it over a part of the wobble; chosen on feeders drawn at 200 dpi."""
TILE_SIGMA_MM = 0.012
"""Local misplacement of print that a smooth map does not follow: transport wobble, lens, paper."""
MIN_CORE = 0.25
SOFT_PX = 1.0
"""Blur of a scan for 75 dpi, in pixels of that. It is blurred and not shrunk: interpolated between pixels of 75 dpi, tiles of drawn
pages lie 0.008 mm about their map, between those of 150 dpi 0.004."""
_SAME = Affine(np.eye(2, 3))
_ALONG = [0, 2, 3, 1, 4, 5]
"""Displacement parameters, those along x first."""


@dataclass(frozen=True)
class View:
    """The scan at the resolution of a level; `shrink` maps working pixels to its pixels."""

    plane: Plane
    shrink: Affine

    def to_px(self, to_raster: Affine, to_working: Affine) -> Affine:
        """Pixels of a raster of the reference -> pixels of this view."""
        return self.shrink.after(to_working).after(to_raster.inverse())

    def in_raster(self, to_raster: Affine, shape: tuple[int, ...], to_working: Affine) -> Plane:
        """The scan in a raster of the reference; -1 where there is no scan."""
        return warped(self.plane, self.to_px(to_raster, to_working), (shape[1], shape[0]), -1.0)


@dataclass(frozen=True)
class SeenPage:
    """A scan as it is compared with reference pages: working image in linear light, and pixels per mm along x and y, as
    believed."""

    luminance: Plane
    nominal: tuple[float, float]
    _averaged: dict[int, View] = field(default_factory=dict)

    def view(self, dpi: float) -> View:
        """As it is sampled for the level at a resolution: blurred for 75 dpi, averaged for the others."""
        return self._blurred if dpi == 75.0 else self.averaged(dpi)

    @cached_property
    def _blurred(self) -> View:
        return View(_blurred(self.luminance, SOFT_PX * self._pixels_of(75.0)), _SAME)

    def averaged(self, dpi: float) -> View:
        """Shrunk to about a resolution: sampled any coarser than it is, detail would be folded."""
        factor = round(self._pixels_of(dpi))
        if factor not in self._averaged:
            self._averaged[factor] = View(*shrunk_with_map(self.luminance, _SAME, factor))
        return self._averaged[factor]

    def _pixels_of(self, dpi: float) -> float:
        return min(self.nominal) / px_per_mm(dpi)


def _blurred(plane: Plane, sigma_px: float) -> Plane:
    """A plane averaged twice over a square, which is as good as a Gaussian for less."""
    side = 2 * round((np.sqrt(1 + 6 * sigma_px**2) - 1) / 2) + 1
    twice = (np.convolve(np.ones(side), np.ones(side)) / side**2).astype(np.float32)
    # A third of the time of two calls of `cv2.blur`, which adds up in double precision.
    return cv2.sepFilter2D(plane, -1, twice, twice)


@dataclass(frozen=True)
class Symmetric:
    """Symmetric 2 x 2 matrices of n tiles, by their elements, each of shape (n,)."""

    xx: NDArray[np.float64]
    xy: NDArray[np.float64]
    yy: NDArray[np.float64]

    def solved(self, bx: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
        """Solutions of ``matrix @ v = b``, shape (n, 2)."""
        det = self.xx * self.yy - self.xy**2
        return np.column_stack([self.yy * bx - self.xy * by, self.xx * by - self.xy * bx]) / det[:, None]

    def squared(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """``v @ matrix @ v`` of vectors of shape (n, 2)."""
        x, y = v.T
        return np.asarray(self.xx * x * x + 2 * self.xy * x * y + self.yy * y * y)


@dataclass(frozen=True)
class Fit:
    estimate: NDArray[np.float64]
    information: NDArray[np.float64]
    correlation: float
    residual_mm: tuple[float, float]
    tiles: int
    moved_mm: float


def tiles_of(
    target: Level, view: View, to_working: Affine, trim: Size, flat_mm: tuple[float, float]
) -> dict[str, NDArray[np.float64]]:
    """Per tile of the scan warped into the reference raster: center (mm), gradient products, correlation, gain."""
    to_scan = view.to_px(target.to_px, to_working)
    scan = view.in_raster(target.to_px, target.plane.shape, to_working)
    tile, s = target.tile, target.sums
    mean = tile_mean(scan, tile)
    var_w = tile_mean(scan, tile, scan) - mean * mean
    cov = tile_mean(scan, tile, target.plane) - mean * s["mean"]
    gx_w = tile_mean(target.grad_x, tile, scan)
    gy_w = tile_mean(target.grad_y, tile, scan)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = cov / np.sqrt(var_w * s["var"])
        gain = np.sqrt(s["var"] / var_w)
    correlation[~np.isfinite(correlation)] = 0
    gain[~np.isfinite(gain)] = 1e3
    offset = s["mean"] - gain * mean
    bx = gain * gx_w + offset * s["gx"] - s["gxr"]
    by = gain * gy_w + offset * s["gy"] - s["gyr"]
    # Residual variance of the tile about the scaled reference; what displacement explains is small near the end.
    noise = s["var"] * 2 * np.clip(1 - correlation, 0.002, None)
    rows, cols = mean.shape
    center = target.centers_mm
    inside = (center[:, 0] > 0) & (center[:, 1] > 0) & (center[:, 0] < trim.width_mm) & (center[:, 1] < trim.height_mm)
    inside &= (center[:, 0] > flat_mm[0]) & (center[:, 0] < flat_mm[1])
    h, w = view.plane.shape
    to_corner = 0.5 * tile * np.abs(to_scan.matrix[:, :2]).sum(axis=1)
    seen = to_scan(target.centers_px)
    inside &= ((seen >= to_corner) & (seen <= np.array([w - 1, h - 1]) - to_corner)).all(axis=1)
    return {
        "center": center,
        "bx": bx.ravel(),
        "by": by.ravel(),
        "noise": noise.ravel(),
        "correlation": correlation.ravel(),
        "gain": gain.ravel(),
        "inside": inside,
        "row": np.repeat(np.arange(rows), cols),
        "col": np.tile(np.arange(cols), rows),
    }


def fit_tiles(
    target: Level,
    tiles: dict[str, NDArray[np.float64]],
    center: Points,
    constraint: NDArray[np.float64],
    vector: NDArray[np.float64],
    min_corr: float,
) -> Fit | None:
    s, tile, mm = target.sums, target.tile, target.mm_per_px
    use = (
        tiles["inside"].astype(bool)
        & (s["var"].ravel() > LEAST_VARIANCE)
        & (tiles["correlation"] > min_corr)
        & (tiles["gain"] < 12)
        # Where the rim of a tile cuts its only line of text, contrast and place cannot be told apart.
        & (s["core"].ravel() > MIN_CORE)
    )
    if not use.any():
        return None
    n = tile * tile
    grad = Symmetric(*(s[k].ravel()[use] for k in ("gxx", "gxy", "gyy")))
    # Neighboring pixels are not independent: blur correlates about 6 of them.
    strength = n / 6 / tiles["noise"][use] / mm**2
    info = Symmetric(grad.xx * strength, grad.xy * strength, grad.yy * strength)
    ridge = 1e-3 * (grad.xx + grad.yy)
    d = -mm * Symmetric(grad.xx + ridge, grad.xy, grad.yy + ridge).solved(tiles["bx"][use], tiles["by"][use])
    row, col = (tiles[name][use].astype(np.intp) for name in ("row", "col"))
    per_row, per_col = np.bincount(row)[row], np.bincount(col)[col]
    offset = tiles["center"][use] - center
    # Tiles of a row share the transport error along y, tiles of a column the error along x: first as small as usual,
    # then as large as the rows and columns show it.
    shared = np.column_stack([TILE_SIGMA_MM**2 * np.sqrt(per_col), TILE_SIGMA_MM**2 * np.sqrt(per_row)])
    p, weights, residual, total, scale = _solve(_informed(info, shared), offset, d, constraint, vector)
    wobble = [
        _wobble(residual[:, axis], weights * own, line) for axis, own, line in ((0, info.xx, col), (1, info.yy, row))
    ]
    if max(wobble) > TILE_SIGMA_MM:
        along = np.column_stack([wobble[0] ** 2 * per_col, wobble[1] ** 2 * per_row])
        shared = np.maximum(shared, NEIGHBORS * along)
        p, weights, residual, total, scale = _solve(_informed(info, shared), offset, d, constraint, vector)
    moved = np.hypot(*(p[:2, None] + p[2:].reshape(2, 2) @ offset.T))
    return Fit(
        estimate=p,
        information=total / scale,
        correlation=_agreement(tiles, s["var"].ravel()),
        residual_mm=(
            max(_spread(residual[:, 0], info.xx), UNSEEN_WOBBLE * wobble[0]),
            max(_spread(residual[:, 1], info.yy), UNSEEN_WOBBLE * wobble[1]),
        ),
        tiles=int((weights > 0.3).sum()),
        moved_mm=quantile(moved, 0.9),
    )


def jacobian(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the displacement by the six parameters, shape (n, 6, 2)."""
    n = len(offsets)
    j = np.zeros((n, 6, 2))
    j[:, 0, 0] = j[:, 1, 1] = 1
    j[:, 2, 0], j[:, 3, 0] = offsets[:, 0], offsets[:, 1]
    j[:, 4, 1], j[:, 5, 1] = offsets[:, 0], offsets[:, 1]
    return j


def _informed(info: Symmetric, shared: NDArray[np.float64]) -> Symmetric:
    """Information of each tile under an error of its own of variance `shared`, shape (n, 2): (1/info + shared)^-1."""
    x, y = shared.T
    det = info.xx * info.yy - info.xy**2
    scale = 1 / (1 + x * info.xx + y * info.yy + x * y * det)
    return Symmetric((info.xx + y * det) * scale, info.xy * scale, (info.yy + x * det) * scale)


def _solve(
    info: Symmetric,
    offset: Points,
    d: NDArray[np.float64],
    constraint: NDArray[np.float64],
    vector: NDArray[np.float64],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], float]:
    """Robust fit of an affine displacement to that of the tiles, `d`, shape (n, 2): parameters, weights, residuals, weighted
    information, and the factor by which the residuals exceed it."""
    # Three parameters move the tiles along x and three along y, by 1, x and y: all sums over tiles are made at once.
    by = np.column_stack([np.ones(len(d)), offset])
    products = (by[:, :, None] * by[:, None, :]).reshape(-1, 9)
    summands = np.hstack(
        [
            *(own[:, None] * products for own in (info.xx, info.xy, info.yy)),
            (info.xx * d[:, 0] + info.xy * d[:, 1])[:, None] * by,
            (info.xy * d[:, 0] + info.yy * d[:, 1])[:, None] * by,
        ]
    )
    constraint, vector = constraint[_ALONG][:, _ALONG], vector[_ALONG]
    weights = np.ones(len(d))
    before = np.full(6, np.inf)
    total = np.empty((6, 6))
    for _ in range(8):
        sums = weights @ summands
        xx, xy, yy = sums[:27].reshape(3, 3, 3)
        total[:3, :3], total[:3, 3:], total[3:, :3], total[3:, 3:] = xx, xy, xy, yy
        p = np.linalg.solve(total + constraint, sums[27:] + vector)
        residual = d - by @ p.reshape(2, 3).T
        m2 = info.squared(residual)
        scale = max(median(m2) / 1.39, 1.0)
        weights = 1 / (1 + m2 / (9 * scale))
        if np.abs(p - before).max() < 1e-7:
            break
        before = p
    back = np.argsort(_ALONG)
    return p[back], weights, residual, total[back][:, back], scale


def _wobble(residual: NDArray[np.float64], weights: NDArray[np.float64], line: NDArray[np.int64]) -> float:
    """Standard deviation of the means of the lines of tiles (mm): what a feeder does to all tiles of a row at once."""
    total = np.bincount(line, weights)
    mean = np.bincount(line, weights * residual) / np.maximum(total, 1e-12)
    known = mean[total > 0.1 * total.max()]
    return float(np.sqrt((known**2).sum() / (len(known) - 2))) if len(known) > 3 else 0.0


def _spread(residual: NDArray[np.float64], information: NDArray[np.float64]) -> float:
    """Robust standard deviation of the residuals of the better half of the tiles along one axis."""
    good = information >= median(information)
    return mad(residual[good])


def _agreement(tiles: dict[str, NDArray[np.float64]], variance: NDArray[np.float64]) -> float:
    """Median correlation of the tiles, weighted by the print that both sides show: print that got lost on half a page,
    or backing where the cut is too deep, does not make it another page."""
    variance = np.maximum(variance, 0.0)
    inside = tiles["inside"].astype(bool) & (variance > LEAST_VARIANCE)
    usual = median(tiles["gain"][inside]) if inside.any() else 1.0
    with np.errstate(divide="ignore"):
        seen = variance * np.minimum(1.0, (usual / np.maximum(tiles["gain"], 1e-9)) ** 2)
    weight = np.sqrt(seen) * inside
    if not weight.any():
        return 0.0
    order = np.argsort(tiles["correlation"])
    share = np.cumsum(weight[order]) / weight.sum()
    return float(tiles["correlation"][order][np.searchsorted(share, 0.5)])
