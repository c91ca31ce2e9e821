"""Tiles of a scan against those of the reference, and the robust affine displacement that joins them.

Each tile gives a displacement with its own 2 x 2 information: a ruled line counts only across itself. What a feeder does
to a whole row of tiles at once is found from the rows and enters as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points, Size
from qc.pyramid import LEAST_VARIANCE, Level, Plane, tile_mean
from qc.resample import warped

NEIGHBORS = 2.0
"""Rows of tiles that a wobble of the transport displaces together."""
UNSEEN_WOBBLE = 1.3
"""A tile averages over 11 mm, and with it over a part of the wobble; chosen on feeders drawn at 200 dpi."""
TILE_SIGMA_MM = 0.012
"""Local misplacement of print that a smooth map does not follow: transport wobble, lens, paper."""
MIN_CORE = 0.25


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
    cx, cy = np.meshgrid(np.arange(cols) * tile + 0.5 * (tile - 1), np.arange(rows) * tile + 0.5 * (tile - 1))
    center = target.to_px.inverse()(np.column_stack([cx.ravel(), cy.ravel()]))
    inside = (center[:, 0] > 0) & (center[:, 1] > 0) & (center[:, 0] < trim.width_mm) & (center[:, 1] < trim.height_mm)
    inside &= (center[:, 0] > flat_mm[0]) & (center[:, 0] < flat_mm[1])
    h, w = view.plane.shape
    half = 0.5 * tile
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    px = np.column_stack([cx.ravel(), cy.ravel()])
    for c in corners:
        q = to_scan(px + c)
        inside &= (q[:, 0] >= 0) & (q[:, 1] >= 0) & (q[:, 0] <= w - 1) & (q[:, 1] <= h - 1)
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
    gxx, gxy, gyy = (s[k].ravel()[use] for k in ("gxx", "gxy", "gyy"))
    grad = np.stack([np.stack([gxx, gxy], -1), np.stack([gxy, gyy], -1)], -2)
    # Neighboring pixels are not independent: blur correlates about 6 of them.
    info = grad * (n / 6 / tiles["noise"][use])[:, None, None] / mm**2
    trace = np.trace(grad, axis1=1, axis2=2)
    ridge = 1e-3 * trace[:, None, None] * np.eye(2)
    b = np.stack([tiles["bx"][use], tiles["by"][use]], -1)
    d = -np.linalg.solve(grad + ridge, b[..., None])[..., 0] * mm
    row, col = tiles["row"][use].astype(int), tiles["col"][use].astype(int)
    per_row, per_col = np.bincount(row)[row], np.bincount(col)[col]
    jac = jacobian(tiles["center"][use] - center)
    # Tiles of a row share the transport error along y, tiles of a column the error along x: first as small as usual,
    # then as large as the rows and columns show it.
    shared = np.column_stack([TILE_SIGMA_MM**2 * np.sqrt(per_col), TILE_SIGMA_MM**2 * np.sqrt(per_row)])
    p, weights, residual, weighted, scale = _solve(_informed(info, shared), jac, d, constraint, vector)
    wobble = [_wobble(residual[:, axis], weights * info[:, axis, axis], line) for axis, line in ((0, col), (1, row))]
    if max(wobble) > TILE_SIGMA_MM:
        along = np.column_stack([wobble[0] ** 2 * per_col, wobble[1] ** 2 * per_row])
        shared = np.maximum(shared, NEIGHBORS * along)
        p, weights, residual, weighted, scale = _solve(_informed(info, shared), jac, d, constraint, vector)
    total = np.einsum("nia,nab,njb->ij", jac, weighted, jac)
    moved = np.hypot(*np.einsum("nia,i->na", jac, p).T)
    return Fit(
        estimate=p,
        information=total / scale,
        correlation=_agreement(tiles, s["var"].ravel()),
        residual_mm=(
            max(_spread(residual[:, 0], info[:, 0, 0]), UNSEEN_WOBBLE * wobble[0]),
            max(_spread(residual[:, 1], info[:, 1, 1]), UNSEEN_WOBBLE * wobble[1]),
        ),
        tiles=int((weights > 0.3).sum()),
        moved_mm=float(np.quantile(moved, 0.9)),
    )


def jacobian(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the displacement by the six parameters, shape (n, 6, 2)."""
    n = len(offsets)
    j = np.zeros((n, 6, 2))
    j[:, 0, 0] = j[:, 1, 1] = 1
    j[:, 2, 0], j[:, 3, 0] = offsets[:, 0], offsets[:, 1]
    j[:, 4, 1], j[:, 5, 1] = offsets[:, 0], offsets[:, 1]
    return j


def _informed(info: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Information of each tile, shape (n, 2, 2), under an error of its own of variance `shared`, shape (n, 2)."""
    spread = np.zeros_like(info)
    spread[:, 0, 0], spread[:, 1, 1] = shared[:, 0], shared[:, 1]
    info = info @ np.linalg.inv(np.eye(2) + spread @ info)
    return np.asarray(0.5 * (info + np.swapaxes(info, 1, 2)))


def _solve(
    info: NDArray[np.float64],
    jac: NDArray[np.float64],
    d: NDArray[np.float64],
    constraint: NDArray[np.float64],
    vector: NDArray[np.float64],
) -> tuple[NDArray[Any], ...]:
    """Robust fit: parameters, weights, residuals, weighted information, and the factor by which the residuals exceed
    it."""
    weights = np.ones(len(d))
    across = jac.transpose(1, 0, 2)
    before = np.full(6, np.inf)
    for _ in range(8):
        weighted = info * weights[:, None, None]
        pulled = (jac @ weighted).transpose(1, 0, 2).reshape(6, -1)
        p = np.linalg.solve(pulled @ across.reshape(6, -1).T + constraint, pulled @ d.ravel() + vector)
        residual = d - (p @ across.reshape(6, -1)).reshape(d.shape)
        m2 = ((info @ residual[:, :, None])[:, :, 0] * residual).sum(axis=1)
        scale = np.maximum(np.median(m2) / 1.39, 1.0)
        weights = 1 / (1 + m2 / (9 * scale))
        if np.abs(p - before).max() < 1e-7:
            break
        before = p
    return p, weights, residual, weighted, scale


def _wobble(residual: NDArray[np.float64], weights: NDArray[np.float64], line: NDArray[np.int64]) -> float:
    """Standard deviation of the means of the lines of tiles (mm): what a feeder does to all tiles of a row at once."""
    total = np.bincount(line, weights)
    mean = np.bincount(line, weights * residual) / np.maximum(total, 1e-12)
    known = mean[total > 0.1 * total.max()]
    return float(np.sqrt((known**2).sum() / (len(known) - 2))) if len(known) > 3 else 0.0


def _spread(residual: NDArray[np.float64], information: NDArray[np.float64]) -> float:
    """Robust standard deviation of the residuals of the better half of the tiles along one axis."""
    good = information >= np.median(information)
    return float(1.4826 * np.median(np.abs(residual[good])))


def _agreement(tiles: dict[str, NDArray[np.float64]], variance: NDArray[np.float64]) -> float:
    """Median correlation of the tiles, weighted by the print that both sides show: print that got lost on half a page,
    or backing where the cut is too deep, does not make it another page."""
    variance = np.maximum(variance, 0.0)
    inside = tiles["inside"].astype(bool) & (variance > LEAST_VARIANCE)
    usual = float(np.median(tiles["gain"][inside])) if inside.any() else 1.0
    with np.errstate(divide="ignore"):
        seen = variance * np.minimum(1.0, (usual / np.maximum(tiles["gain"], 1e-9)) ** 2)
    weight = np.sqrt(seen) * inside
    if not weight.any():
        return 0.0
    order = np.argsort(tiles["correlation"])
    share = np.cumsum(weight[order]) / weight.sum()
    return float(tiles["correlation"][order][np.searchsorted(share, 0.5)])
