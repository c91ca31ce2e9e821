"""Registration: where the print of a scanned page lies, as an affine map from the page frame, with its covariance.

Coarse to fine. A correlation at 37.5 dpi finds the print; then a grid of tiles is compared with the reference, each tile
giving a displacement with its own 2 x 2 information (a ruled line counts only across itself), and a robust affine fit with
priors joins them. Bad registration gives None, never a map that might be wrong.

What is known of scanner and press beforehand (`Prior`) matters on sparse pages: three lines of text fix the print where
they stand, but not the scale that leads from there to the tail edge. `Registration.given` therefore takes what the other
pages of the copy taught.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points, Size, pixel_scaling
from qc.reference import ReferencePage
from qc.units import px_per_mm

Plane = NDArray[np.float32]

TILE_PX = 64
TILE_SIGMA_MM = 0.012
"""Local misplacement of print that a smooth map does not follow: transport wobble, lens, paper."""
COARSE_STEP = 4
MIN_CORRELATION = 0.55
PERIODIC_LIMIT = 0.995


@dataclass(frozen=True)
class Prior:
    """What is believed of the linear part beforehand: relative scale errors and shear, each with its standard deviation."""

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
        What the tiles alone say of the displacement of the print against `base`: shift at `center` (mm), then the linear
        part (xx, xy, yx, yy); the displacement solves ``information @ p = vector``.
    center : ndarray, shape (2,)
        Page-frame mm.
    nominal : tuple of float
        Pixels per mm expected along x and y.
    correlation : float
        Mean correlation of the tiles with the reference, weighted by their ink.
    residual_mm : float
        Robust spread of the tiles about the map.
    tiles : int
        How many tiles carry the fit.
    observable : tuple of bool
        Whether position along x and y is unambiguous on this page.
    to_px, covariance
        The map and the covariance of the displacement parameters, with `prior` taken in.
    """

    base: Affine
    information: NDArray[np.float64]
    vector: NDArray[np.float64]
    center: Points
    nominal: tuple[float, float]
    correlation: float
    residual_mm: float
    tiles: int
    observable: tuple[bool, bool]
    prior: Prior = Prior()
    to_px: Affine = Affine(np.eye(2, 3))  # noqa: RUF009 - frozen
    covariance: NDArray[np.float64] | None = None

    def given(self, prior: Prior) -> Registration:
        """The same measurement under another prior."""
        constraint, target = _constraints(self.base, self.nominal, prior)
        total = self.information + constraint
        covariance = np.linalg.inv(total)
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


def _constraints(base: Affine, nominal: tuple[float, float], prior: Prior) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    # Rotation and shift are free; a trace of information keeps the matrix invertible on pages that fix only one direction.
    information += np.diag([1e-4, 1e-4, 1e-2, 1e-2, 1e-2, 1e-2])
    return information, rows.T @ (weight * wanted)


def luminance_of(rgb: NDArray[np.uint8]) -> Plane:
    """Linear luminance of an sRGB rendering, as float32."""
    from qc.normalize import LINEAR_LUT

    return cv2.LUT(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), LINEAR_LUT)


@dataclass(frozen=True)
class Target:
    """A reference page prepared for registration: luminance, gradients and tile sums at one resolution."""

    plane: Plane
    grad_x: Plane
    grad_y: Plane
    to_px: Affine
    tile: int
    mm_per_px: float
    sums: dict[str, NDArray[np.float64]]


def _tile_mean(plane: Plane, tile: int) -> NDArray[np.float64]:
    rows, cols = plane.shape[0] // tile, plane.shape[1] // tile
    cut = plane[: rows * tile, : cols * tile]
    return cv2.resize(cut, (cols, rows), interpolation=cv2.INTER_AREA).astype(np.float64)


def _target(page: ReferencePage, shrink: int, blur: float) -> Target:
    plane = luminance_of(page.rgb)
    to_px = page.to_px
    if shrink > 1:
        h, w = plane.shape[0] // shrink * shrink, plane.shape[1] // shrink * shrink
        plane = cv2.resize(plane[:h, :w], (w // shrink, h // shrink), interpolation=cv2.INTER_AREA)
        to_px = pixel_scaling(1 / shrink, 1 / shrink).after(to_px)
    plane = cv2.GaussianBlur(plane, (0, 0), blur)
    grad_x = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    grad_y = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    tile = TILE_PX // shrink
    mean = lambda p: _tile_mean(p, tile)  # noqa: E731
    m, gx, gy = mean(plane), mean(grad_x), mean(grad_y)
    sums = {
        "mean": m,
        "var": mean(plane * plane) - m * m,
        "gx": gx,
        "gy": gy,
        "gxx": mean(grad_x * grad_x),
        "gxy": mean(grad_x * grad_y),
        "gyy": mean(grad_y * grad_y),
        "gxr": mean(grad_x * plane),
        "gyr": mean(grad_y * plane),
    }
    return Target(plane, grad_x, grad_y, to_px, tile, 1 / to_px.scale[0], sums)


@dataclass(frozen=True)
class _Fit:
    estimate: NDArray[np.float64]
    information: NDArray[np.float64]
    correlation: float
    residual_mm: float
    tiles: int


def _tiles(target: Target, luminance: Plane, to_working: Affine, trim: Size) -> tuple[Plane, dict[str, NDArray[np.float64]]]:
    """Scan warped into the reference raster, and per tile: center (mm), displacement (mm), information, correlation."""
    to_scan = to_working.after(target.to_px.inverse())
    warped = cv2.warpAffine(
        luminance,
        to_scan.matrix,
        target.plane.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-1.0,
    )
    tile, s = target.tile, target.sums
    mean = _tile_mean(warped, tile)
    var_w = _tile_mean(warped * warped, tile) - mean * mean
    cov = _tile_mean(warped * target.plane, tile) - mean * s["mean"]
    gx_w = _tile_mean(target.grad_x * warped, tile)
    gy_w = _tile_mean(target.grad_y * warped, tile)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = cov / np.sqrt(var_w * s["var"])
        gain = np.sqrt(s["var"] / var_w)
    correlation[~np.isfinite(correlation)] = 0
    gain[~np.isfinite(gain)] = 0
    offset = s["mean"] - gain * mean
    bx = gain * gx_w + offset * s["gx"] - s["gxr"]
    by = gain * gy_w + offset * s["gy"] - s["gyr"]
    # Residual variance of the tile about the scaled reference; what displacement explains is small near the end.
    noise = s["var"] * 2 * np.clip(1 - correlation, 0.002, None)
    rows, cols = mean.shape
    cx, cy = np.meshgrid(np.arange(cols) * tile + 0.5 * (tile - 1), np.arange(rows) * tile + 0.5 * (tile - 1))
    center = target.to_px.inverse()(np.column_stack([cx.ravel(), cy.ravel()]))
    inside = (center[:, 0] > 0) & (center[:, 1] > 0) & (center[:, 0] < trim.width_mm) & (center[:, 1] < trim.height_mm)
    h, w = luminance.shape
    half = 0.5 * tile
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    px = np.column_stack([cx.ravel(), cy.ravel()])
    for c in corners:
        q = to_scan(px + c)
        inside &= (q[:, 0] >= 0) & (q[:, 1] >= 0) & (q[:, 0] <= w - 1) & (q[:, 1] <= h - 1)
    return warped, {
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


def _fit(target: Target, tiles: dict[str, NDArray[np.float64]], center: Points, constraint: NDArray[np.float64], vector: NDArray[np.float64], min_corr: float) -> _Fit | None:
    s, tile, mm = target.sums, target.tile, target.mm_per_px
    use = (
        tiles["inside"].astype(bool)
        & (s["var"].ravel() > 2e-5)
        & (tiles["correlation"] > min_corr)
        & (tiles["gain"] < 12)
    )
    ink = s["var"].ravel() * tiles["inside"]
    if use.sum() < 1 or not ink.sum():
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
    # Tiles of a row share the transport error along y, tiles of a column the error along x.
    spread = np.zeros_like(info)
    spread[:, 0, 0] = TILE_SIGMA_MM**2 * np.sqrt(per_col)
    spread[:, 1, 1] = TILE_SIGMA_MM**2 * np.sqrt(per_row)
    info = info @ np.linalg.inv(np.eye(2) + spread @ info)
    info = 0.5 * (info + np.swapaxes(info, 1, 2))
    jac = _jacobian(tiles["center"][use] - center)
    weights = np.ones(len(d))
    p = np.zeros(6)
    scale = 1.0
    for _ in range(8):
        weighted = info * weights[:, None, None]
        total = np.einsum("nia,nab,njb->ij", jac, weighted, jac)
        rhs = np.einsum("nia,nab,nb->i", jac, weighted, d)
        p = np.linalg.solve(total + constraint, rhs + vector)
        residual = d - np.einsum("nia,i->na", jac, p)
        m2 = np.einsum("na,nab,nb->n", residual, info, residual)
        scale = max(float(np.median(m2)) / 1.39, 1.0)
        weights = 1 / (1 + m2 / (9 * scale))
    correlation = float((tiles["correlation"] * ink)[ink > 0].sum() / ink.sum())
    return _Fit(p, total / scale, correlation, float(np.sqrt(np.median((residual**2).sum(axis=1)))), int((weights > 0.3).sum()))


def _high_pass(plane: Plane) -> Plane:
    detail = plane - cv2.blur(plane, (15, 15))
    spread = float(np.sqrt(np.mean(detail * detail))) + 1e-6
    return np.clip(detail / spread, -3, 3)


def _correlate(reference: Plane, moving: Plane, reach: int) -> tuple[float, Points, float]:
    """Shift of `moving` against `reference` (px) by cross-correlation: peak height 0..1, shift, second peak / peak."""
    h, w = reference.shape
    size = (cv2.getOptimalDFTSize(h + reach), cv2.getOptimalDFTSize(w + reach))
    fa, fb = np.fft.rfft2(reference, size), np.fft.rfft2(moving, size)
    cross = fb * np.conj(fa)
    # Halfway between plain and phase correlation: sharp peaks without lifting noise.
    cross /= np.sqrt(np.abs(cross)) + 1e-9
    surface = np.fft.irfft2(cross, size)
    surface = np.roll(surface, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    y, x = np.unravel_index(int(np.argmax(surface)), surface.shape)
    peak = float(surface[y, x])
    away = surface.copy()
    away[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4] = -np.inf
    ratio = float(away.max() / peak) if peak > 0 else 1.0
    shift = [float(x), float(y)]
    for axis, (lo, mid, hi) in enumerate(
        (
            (surface[y, max(x - 1, 0)], peak, surface[y, min(x + 1, 2 * reach)]),
            (surface[max(y - 1, 0), x], peak, surface[min(y + 1, 2 * reach), x]),
        )
    ):
        bend = lo - 2 * mid + hi
        if bend < 0:
            shift[axis] += float(np.clip(0.5 * (lo - hi) / bend, -0.5, 0.5))
    energy = float(np.sqrt(np.abs(fa).sum() * np.abs(fb).sum()) / fa.size)
    return peak / (energy + 1e-9), np.array(shift) - reach, ratio


def observable(page: ReferencePage) -> tuple[bool, bool]:
    """Whether the page fixes its position along x and along y, from the reference alone.

    A page that correlates with itself at `PERIODIC_LIMIT` or better when shifted by 2 mm or more (up to 12 mm) repeats
    itself in that direction: rules that run across the sheet, a dot grid.
    """
    plane = luminance_of(page.rgb)
    small = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = small - float(np.median(small))
    step = px_per_mm(75.0)
    result = []
    for axis in (1, 0):
        worst = -1.0
        n = small.shape[axis]
        for shift in range(round(2 * step), round(12 * step)):
            a = np.take(small, range(shift, n), axis=axis)
            b = np.take(small, range(0, n - shift), axis=axis)
            norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
            if norm > 0:
                worst = max(worst, float((a * b).sum()) / norm)
        result.append(worst < PERIODIC_LIMIT)
    return result[0], result[1]


def coarse(page: ReferencePage, luminance: Plane, start: Affine, angles: tuple[float, ...] = (0.0,)) -> tuple[float, Affine, float]:
    """Best shift (and angle) at 37.5 dpi from a start map: score, map, ratio of the second peak to the first."""
    plane = luminance_of(page.rgb)
    h, w = plane.shape[0] // COARSE_STEP, plane.shape[1] // COARSE_STEP
    small = cv2.resize(plane[: h * COARSE_STEP, : w * COARSE_STEP], (w, h), interpolation=cv2.INTER_AREA)
    reference = _high_pass(small)
    to_small = pixel_scaling(1 / COARSE_STEP, 1 / COARSE_STEP).after(page.to_px)
    shrink = round(start.scale[0] / to_small.scale[0])
    scan = luminance
    to_scan = start
    if shrink > 1:
        sh, sw = luminance.shape[0] // shrink, luminance.shape[1] // shrink
        scan = cv2.resize(luminance[: sh * shrink, : sw * shrink], (sw, sh), interpolation=cv2.INTER_AREA)
        to_scan = pixel_scaling(1 / shrink, 1 / shrink).after(start)
    center = np.array([page.trim.width_mm, page.trim.height_mm]) / 2
    back = Affine.shift(*center)
    reach = 32
    best: tuple[float, Affine, float] = (-1.0, start, 1.0)
    fill = float(np.median(scan))
    for angle in angles:
        turn = back.after(Affine.rotation(angle)).after(Affine.shift(*-center))
        m = to_scan.after(turn).after(to_small.inverse())
        warped = cv2.warpAffine(scan, m.matrix, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
        score, shift, ratio = _correlate(reference, _high_pass(warped), reach)
        if score > best[0]:
            shift_mm = shift / np.array(to_small.scale)
            best = (score, start.after(turn).after(Affine.shift(*shift_mm)), ratio)
    return best


def register(page: ReferencePage, luminance: Plane, start: Affine, nominal: tuple[float, float], periodic: tuple[bool, bool] | None = None) -> Registration | None:
    """Register a page from a coarse start (good to about a millimeter).

    Parameters
    ----------
    page : ReferencePage
    luminance : ndarray, shape (h, w), float32
        Working image in linear light.
    start : Affine
        Page-frame mm -> working pixels.
    nominal : tuple of float
        Pixels per mm of the working image along x and y, as believed.

    Returns
    -------
    Registration or None
        None where the page does not show this reference page, or too little of it.
    """
    trim = page.trim
    center = np.array([trim.width_mm, trim.height_mm]) / 2
    base = start
    fit: _Fit | None = None
    for shrink, blur, rounds, min_corr in ((2, 1.2, 3, 0.2), (1, 0.9, 2, 0.4)):
        target = _target(page, shrink, blur)
        for _ in range(rounds):
            _, tiles = _tiles(target, luminance, base, trim)
            constraint, vector = _constraints(base, nominal, Prior())
            fit = _fit(target, tiles, center, constraint, vector, min_corr)
            if fit is None:
                return None
            last = base
            base = _compose(base, fit.estimate, center)
    assert fit is not None
    if fit.correlation < MIN_CORRELATION:
        return None
    # The fit refers to the map before the last correction; the prior is taken out of it again.
    constraint, target_vector = _constraints(last, nominal, Prior())
    return Registration(
        base=last,
        information=fit.information,
        vector=(fit.information + constraint) @ fit.estimate - target_vector,
        center=center,
        nominal=nominal,
        correlation=fit.correlation,
        residual_mm=fit.residual_mm,
        tiles=fit.tiles,
        observable=periodic if periodic is not None else observable(page),
    ).given(Prior())
