"""Registration: where the print of a scanned page lies, as an affine map from the page frame, with its covariance.

Coarse to fine. A correlation at 37.5 dpi finds the print; then a grid of tiles is compared with the reference, each
tile giving a displacement with its own 2 x 2 information (a ruled line counts only across itself), and a robust affine
fit with priors joins them. Bad registration gives None, never a map that might be wrong.

What is known of scanner and press beforehand (`Prior`) matters on sparse pages: three lines of text fix the print where
they stand, but not the scale that leads from there to the tail edge. `Registration.given` therefore takes what the
other pages of the copy taught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2

from qc.geometry import Affine, Points, Size
from qc.pyramid import Level, Plane, Target, high_pass, tile_mean
from qc.resample import shrunk_with_map, warped

NEIGHBORS = 2.0
"""Rows of tiles that a wobble of the transport displaces together."""
UNSEEN_WOBBLE = 1.3
"""A tile averages over 11 mm, and with it over a part of the wobble; chosen on feeders drawn at 200 dpi."""
TILE_SIGMA_MM = 0.012
"""Local misplacement of print that a smooth map does not follow: transport wobble, lens, paper."""
ROUNDS = (3, 4, 6)
"""Most corrections at 37.5, 75 and 150 dpi; a level ends when its last one moved 9 tiles of 10 by less than
`SETTLED_PX`."""
SETTLED_PX = (0.5, 0.4, 0.25)
MIN_TILE_CORRELATION = (0.1, 0.2, 0.4)
MIN_CORE = 0.25
MIN_CORRELATION = 0.8
"""Below this the page shows something else. Text of another book reaches 0.45, a table ruled alike 0.74; drawn pages
against their own reference 0.94, dark soft full-page pictures 0.83."""
MIN_TILES = 8
FEW_TILES = 30
SEARCH_MM = (0.7, 1.4, 2.8)
"""Where else a sparse or ruled page is looked for."""
MIN_LEAD = 0.008
"""By how much the right place must fit better than the next one."""


@dataclass(frozen=True)
class Prior:
    """What is believed of the linear part beforehand: relative scale errors and shear, each with its standard
    deviation."""

    scale_x: float = 0.0
    scale_y: float = 0.0
    shear: float = 0.0
    sd_scale: float = 0.006
    sd_anisotropy: float = 0.0035
    sd_shear: float = 0.002


@dataclass(frozen=True)
class Registration:
    """Map of a page with what is known about it.

    Attributes
    ----------
    base : Affine
        Page-frame mm -> working pixels before the last correction.
    information, vector : ndarray, shapes (6, 6) and (6,)
        What the tiles alone say of the displacement of the print against `base`: shift at `center` (mm), then the
        linear part (xx, xy, yx, yy); the displacement solves ``information @ p = vector``.
    center : ndarray, shape (2,)
        Page-frame mm.
    nominal : tuple of float
        Pixels per mm expected along x and y.
    correlation : float
        Median correlation of the tiles with the reference, weighted by their ink.
    residual_mm : tuple of float
        Robust spread (1 sigma) of the tiles about the map along x and y: noise, and the local distortion of scanner and
        print that no affine map follows.
    tiles : int
        How many tiles carry the fit.
    observable : tuple of bool
        Whether position along x and y is fixed by the print: False on a page that repeats itself, that has too little
        print, or on which the fit did not settle.
    repeats : bool
        Whether the reference page nearly repeats itself.
    to_px, covariance
        The map and the covariance of the displacement parameters, with `prior` taken in.
    """

    base: Affine
    information: NDArray[np.float64]
    vector: NDArray[np.float64]
    center: Points
    nominal: tuple[float, float]
    correlation: float
    residual_mm: tuple[float, float]
    tiles: int
    observable: tuple[bool, bool]
    repeats: bool = False
    prior: Prior = Prior()
    to_px: Affine = Affine(np.eye(2, 3))  # noqa: RUF009 - frozen
    covariance: NDArray[np.float64] | None = None

    def given(self, prior: Prior) -> Registration:
        """The same measurement under another prior."""
        constraint, target = _constraints(self.base, self.nominal, prior)
        total = self.information + constraint
        covariance = np.asarray(np.linalg.inv(total), np.float64)
        p = covariance @ (self.vector + target)
        return replace(self, prior=prior, to_px=_compose(self.base, p, self.center), covariance=covariance)

    def u_across(self, point_mm: Points, normal: Points) -> float:
        """Standard uncertainty (mm) of the print's position at a point, across a direction."""
        assert self.covariance is not None
        j = _jacobian(np.asarray(point_mm, float)[None] - self.center)[0] @ normal
        return float(np.sqrt(max(j @ self.covariance @ j, 0.0)))

    def linear(self) -> tuple[float, float, float]:
        """Relative scale error along x and y, and shear, of the map against the nominal resolution."""
        return _linear_of(self.to_px, self.nominal)

    def linear_sd(self) -> tuple[float, float, float]:
        """Standard deviations of `linear` from the tiles and a weak prior."""
        wide = self.given(Prior())
        c = wide.covariance
        assert c is not None
        shear = c[3, 3] + c[4, 4] + 2 * c[3, 4]
        return float(np.sqrt(c[2, 2])), float(np.sqrt(c[5, 5])), float(np.sqrt(shear))


def _jacobian(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the displacement by the six parameters, shape (n, 6, 2)."""
    n = len(offsets)
    j = np.zeros((n, 6, 2))
    j[:, 0, 0] = j[:, 1, 1] = 1
    j[:, 2, 0], j[:, 3, 0] = offsets[:, 0], offsets[:, 1]
    j[:, 4, 1], j[:, 5, 1] = offsets[:, 0], offsets[:, 1]
    return j


def _compose(base: Affine, p: NDArray[np.float64], center: Points) -> Affine:
    linear = np.array([[1 + p[2], p[3]], [p[4], 1 + p[5]]])
    shift = p[:2] + center - linear @ center
    return base.after(Affine(np.column_stack([linear, shift])))


def _linear_of(to_px: Affine, nominal: tuple[float, float]) -> tuple[float, float, float]:
    a = to_px.matrix[:, :2] / np.array(nominal)[:, None]
    sx, sy = np.hypot(*a)
    shear = float(a[:, 0] @ a[:, 1] / (sx * sy))
    return float(sx - 1), float(sy - 1), shear


def _constraints(
    base: Affine, nominal: tuple[float, float], prior: Prior
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Information matrix and vector that the prior adds, in displacement parameters about `base`."""
    sx, sy, shear = _linear_of(base, nominal)
    rows = np.array(
        [
            [0, 0, 0.5, 0, 0, 0.5],
            [0, 0, 1, 0, 0, -1],
            [0, 0, 0, 1, 1, 0],
        ]
    )
    wanted = np.array(
        [
            0.5 * (prior.scale_x - sx + prior.scale_y - sy),
            (prior.scale_x - sx) - (prior.scale_y - sy),
            prior.shear - shear,
        ]
    )
    weight = 1 / np.array([prior.sd_scale, prior.sd_anisotropy, prior.sd_shear]) ** 2
    information = rows.T @ (rows * weight[:, None])
    # Rotation and shift are free; a trace of information keeps the matrix invertible on pages that fix only one
    # direction.
    information += np.diag([1e-4, 1e-4, 1e-2, 1e-2, 1e-2, 1e-2])
    return information, rows.T @ (weight * wanted)


@dataclass(frozen=True)
class _Fit:
    estimate: NDArray[np.float64]
    information: NDArray[np.float64]
    correlation: float
    residual_mm: tuple[float, float]
    tiles: int
    moved_mm: float


@dataclass(frozen=True)
class _View:
    """The scan at the resolution of a level; `shrink` maps working pixels to its pixels."""

    plane: Plane
    shrink: Affine

    def to_px(self, level: Level, to_working: Affine) -> Affine:
        """Pixels of the reference -> pixels of this view."""
        return self.shrink.after(to_working).after(level.to_px.inverse())

    def in_raster(self, level: Level, to_working: Affine) -> Plane:
        """The scan in the raster of the reference; -1 where there is no scan."""
        h, w = level.plane.shape
        return warped(self.plane, self.to_px(level, to_working), (w, h), -1.0)


def _views(levels: Sequence[Level], luminance: Plane, nominal: tuple[float, float]) -> list[_View]:
    """The scan averaged as the levels are: resampling it in coarser steps would fold its detail into them."""
    same = Affine(np.eye(2, 3))
    return [_View(*shrunk_with_map(luminance, same, round(min(nominal) * level.mm_per_px))) for level in levels]


def _tiles(
    target: Level, view: _View, to_working: Affine, trim: Size, flat_mm: tuple[float, float]
) -> dict[str, NDArray[np.float64]]:
    """Per tile of the scan warped into the reference raster: center (mm), gradient products, correlation, gain."""
    to_scan = view.to_px(target, to_working)
    scan = view.in_raster(target, to_working)
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


def _fit(
    target: Level,
    tiles: dict[str, NDArray[np.float64]],
    center: Points,
    constraint: NDArray[np.float64],
    vector: NDArray[np.float64],
    min_corr: float,
) -> _Fit | None:
    s, tile, mm = target.sums, target.tile, target.mm_per_px
    use = (
        tiles["inside"].astype(bool)
        & (s["var"].ravel() > 2e-5)
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
    jac = _jacobian(tiles["center"][use] - center)
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
    return _Fit(
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
    inside = tiles["inside"].astype(bool) & (variance > 2e-5)
    usual = float(np.median(tiles["gain"][inside])) if inside.any() else 1.0
    with np.errstate(divide="ignore"):
        seen = variance * np.minimum(1.0, (usual / np.maximum(tiles["gain"], 1e-9)) ** 2)
    weight = np.sqrt(seen) * inside
    if not weight.any():
        return 0.0
    order = np.argsort(tiles["correlation"])
    share = np.cumsum(weight[order]) / weight.sum()
    return float(tiles["correlation"][order][np.searchsorted(share, 0.5)])


def _correlate(reference: Plane, moving: Plane, reach: int) -> Points:
    """Shift of `moving` against `reference` in pixels, to a fraction of one, by cross-correlation."""
    h, w = reference.shape
    size = (next_fast_len(h + reach, True), next_fast_len(w + reach, True))
    cross = rfft2(moving, size) * np.conj(rfft2(reference, size))
    # Halfway between plain and phase correlation: sharp peaks without lifting noise.
    cross /= np.sqrt(np.abs(cross)) + 1e-9
    surface = irfft2(cross, size)
    surface = np.roll(surface, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    y, x = (int(v) for v in np.unravel_index(int(np.argmax(surface)), surface.shape))
    shift = []
    for at, line in ((x, surface[y]), (y, surface[:, x])):
        lo, mid, hi = line[max(at - 1, 0)], line[at], line[min(at + 1, 2 * reach)]
        bend = lo - 2 * mid + hi
        shift.append(at - reach + (float(np.clip(0.5 * (lo - hi) / bend, -0.5, 0.5)) if bend < 0 else 0.0))
    return np.array(shift)


def coarse(target: Target, luminance: Plane, start: Affine) -> Affine:
    """`start` moved by the shift, up to 20 mm, that fits best at 37.5 dpi."""
    to_small = target.to_coarse
    scan, to_scan = shrunk_with_map(luminance, start, round(start.scale[0] / to_small.scale[0]))
    h, w = target.coarse.shape
    moving = warped(scan, to_scan.after(to_small.inverse()), (w, h))
    shift = _correlate(target.coarse, high_pass(moving), 30)
    return start.after(Affine.shift(*(shift / np.array(to_small.scale))))


def register(
    target: Target, luminance: Plane, start: Affine, nominal: tuple[float, float], sheet: Points | None = None
) -> Registration | None:
    """Register a page from a coarse start (good to about a millimeter).

    Parameters
    ----------
    target : Target
        The reference page.
    luminance : ndarray, shape (h, w), float32
        Working image in linear light.
    start : Affine
        Page-frame mm -> working pixels.
    nominal : tuple of float
        Pixels per mm of the working image along x and y, as believed.
    sheet : ndarray, shape (4, 2), or None
        Rough corners of the paper in working pixels, where it stands out from its backing: print is looked for on paper
        only.

    Returns
    -------
    Registration or None
        None where the page does not show this reference page.
    """
    views = _views(target.levels, luminance, nominal)
    found = _refine(target, views, start, nominal)
    if found is None or not (target.repeats_mm or found.tiles < FEW_TILES):
        return found
    # Ruled and sparse pages fit nearly as well some way off: move while that fits the whole page better.
    steps = [(d * sx, d * sy) for d in SEARCH_MM for sx, sy in ((1, 0), (0, 1))] + list(target.repeats_mm)
    shifts = [(sign * dx, sign * dy) for dx, dy in steps for sign in (-1, 1)]
    for _ in range(4):
        score = _whole_page(target, views, found.to_px, sheet)
        scores = [_whole_page(target, views, found.to_px.after(Affine.shift(*s)), sheet) for s in shifts]
        best = int(np.argmax(scores))
        if scores[best] <= score:
            break
        again = _refine(target, views, found.to_px.after(Affine.shift(*shifts[best])), nominal)
        if again is None:
            return replace(found, observable=(False, False))
        found = again
    else:
        return replace(found, observable=(False, False))
    # Along each axis the next best place must fit clearly worse.
    rivals = [max(v for v, s in zip(scores, shifts, strict=True) if s[axis]) for axis in (0, 1)]
    clear = [o and score - r > MIN_LEAD for o, r in zip(found.observable, rivals, strict=True)]
    return replace(found, observable=(clear[0], clear[1]))


def _whole_page(target: Target, views: Sequence[_View], to_working: Affine, sheet: Points | None) -> float:
    """Correlation of scan and reference over the whole page at 75 dpi, bare regions included, backing left out."""
    level = target.levels[1]
    scan = views[1].in_raster(level, to_working)
    corners = level.to_px(target.trim.corners())
    (x0, y0), (x1, y1) = (corners.min(axis=0) + 12).astype(int), (corners.max(axis=0) - 12).astype(int)
    flat = level.to_px(np.clip(target.flat_mm, 0, target.trim.width_mm)[:, None] * [1.0, 0.0])[:, 0]
    x0, x1 = max(x0, int(flat[0])), min(x1, int(flat[1]))
    a, b = level.plane[y0:y1, x0:x1], scan[y0:y1, x0:x1]
    seen = b >= 0
    if sheet is not None:
        paper = np.zeros(level.plane.shape, np.uint8)
        outline = level.to_px.after(to_working.inverse())(sheet)
        cv2.fillConvexPoly(paper, np.round(outline).astype(np.int32), 1)
        seen &= cv2.erode(paper, np.ones((5, 5), np.uint8))[y0:y1, x0:x1] > 0
    a, b = a[seen] - np.median(a[seen]), b[seen] - np.median(b[seen])
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-12))


def _refine(target: Target, views: Sequence[_View], start: Affine, nominal: tuple[float, float]) -> Registration | None:
    center = target.trim.corners().mean(axis=0)
    base = following = start
    fit: _Fit | None = None
    settled = False
    for level, view, rounds, limit, least in zip(
        target.levels, views, ROUNDS, SETTLED_PX, MIN_TILE_CORRELATION, strict=True
    ):
        for _ in range(rounds):
            base = following
            constraint, vector = _constraints(base, nominal, Prior())
            tiles = _tiles(level, view, base, target.trim, target.flat_mm)
            fit = _fit(level, tiles, center, constraint, vector, least)
            if fit is None:
                return None
            following = _compose(base, fit.estimate, center)
            settled = fit.moved_mm < limit * level.mm_per_px
            if settled:
                break
    if fit is None or fit.correlation < MIN_CORRELATION:
        return None
    # The fit refers to the map before the last correction; the prior is taken out of it again.
    constraint, vector = _constraints(base, nominal, Prior())
    return Registration(
        base=base,
        information=fit.information,
        vector=(fit.information + constraint) @ fit.estimate - vector,
        center=center,
        nominal=nominal,
        correlation=fit.correlation,
        residual_mm=fit.residual_mm,
        tiles=fit.tiles,
        repeats=bool(target.repeats_mm),
        observable=target.observable if settled and fit.tiles >= MIN_TILES else (False, False),
    ).given(Prior())
