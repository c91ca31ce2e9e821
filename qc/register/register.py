"""Registration: where the print of a scanned page lies, as an affine map from the page frame, with its covariance.

Coarse to fine. A correlation at 37.5 dpi finds the print; then a grid of tiles is compared with the reference, each
tile giving a displacement with its own 2 x 2 information (a ruled line counts only across itself), and a robust affine
fit with priors joins them. Bad registration gives None, never a map that might be wrong.

What is known of scanner and press beforehand (`Prior`) matters on sparse pages: three lines of text fix the print where
they stand, but not the scale that leads from there to the tail edge. `Registration.given` therefore takes what the
other pages of the copy taught.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points
from qc.register.fourier import fast_length, irfft2, rfft2
from qc.register.prepared_page import Plane, PreparedPage, high_pass
from qc.register.tile_fit import Fit, SeenPage, fit_tiles, jacobian, tiles_of
from qc.resample import warped

CLEAR_CORRELATION = 0.96
"""From here on, at 75 dpi, a page shows what is believed and lies as found; any other is refined and judged at 150 dpi. Drawn pages
against their own reference reach 0.95 at the least and those of the press model 0.97, other text of the same book 0.69, pictures
0.87, a table ruled alike 0.91."""
WOBBLE_MM = 0.015
"""Above this, by what tiles spread more along one axis than along the other, a feeder made rows of the page wobble, of which 75 dpi
tell three quarters as much as 150. Of 48 pages drawn with rows off by 0.25 to 0.5 px it refines 47, and 97 % of their edges lie
within 2 u (98 with all refined, 92 with 0.025 or none); of 32 with rows off by 0.12 px or not at all it refines 8."""
MIN_CORRELATION = 0.8
"""Below this, at 150 dpi, the page shows something else. Text of another book reaches 0.45, a table ruled alike 0.74; drawn pages
against their own reference 0.94, dark soft full-page pictures 0.83."""
LARGEST_LEFT, STRETCH = 0.75, (0.5, 2.5)
"""Share of a step that is believed to be left, and factors by which steps are stretched: what keeps one odd step from throwing
the fit."""
MIN_TILES = 8
FEW_TILES = 30
SEARCH_MM = (0.7, 1.4, 2.8)
"""Where else a sparse or ruled page is looked for."""
MIN_LEAD = 0.008
"""By how much the right place must fit better than the next one."""


@dataclass(frozen=True)
class Pace:
    """How the level at a resolution is gone through: at most so many corrections, until the last one moved 9 tiles of 10 by less
    than `still_px`; above `settled_px` the print fixes no place. Tiles that correlate by less than `least` say nothing."""

    dpi: float
    rounds: int
    still_px: float
    settled_px: float
    least: float


AT_37, AT_75, AT_150 = Pace(37.5, 3, 0.5, 0.5, 0.1), Pace(75.0, 6, 0.05, 0.15, 0.4), Pace(150.0, 6, 0.1, 0.25, 0.4)


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


USUAL = Prior()
"""Of a print as ordered, on a scanner whose resolution is about as it states."""


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
    prior: Prior = USUAL
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
        j = jacobian(np.asarray(point_mm, float)[None] - self.center)[0] @ normal
        return float(np.sqrt(max(j @ self.covariance @ j, 0.0)))

    @property
    def sparse(self) -> bool:
        """Whether so few tiles carry print that the map rests on little."""
        return self.tiles < FEW_TILES

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


def _correlate(reference: Plane, moving: Plane, reach: int) -> Points:
    """Shift of `moving` against `reference` in pixels, to a fraction of one, by cross-correlation."""
    h, w = reference.shape
    size = (fast_length(h + reach), fast_length(w + reach))
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


def coarse(target: PreparedPage, seen: SeenPage, start: Affine) -> Affine:
    """`start` moved by the shift, up to 20 mm, that fits best at 37.5 dpi."""
    view, to_small = seen.view(37.5), target.to_coarse
    h, w = target.coarse.shape
    moving = warped(view.plane, view.to_px(to_small, start), (w, h))
    shift = _correlate(target.coarse, high_pass(moving), 30)
    return start.after(Affine.shift(*(shift / np.array(to_small.scale))))


def register(
    target: PreparedPage,
    seen: SeenPage,
    start: Affine,
    sheet: Points | None = None,
    prior: Prior = USUAL,
) -> Registration | None:
    """Register a page from a coarse start (good to about a millimeter).

    Parameters
    ----------
    target : PreparedPage
        The reference page.
    seen : SeenPage
    start : Affine
        Page-frame mm -> working pixels.
    sheet : ndarray, shape (4, 2), or None
        Rough corners of the paper in working pixels, where it stands out from its backing: print is looked for on paper
        only.
    prior : Prior
        What is believed of scale and shear beforehand.

    Returns
    -------
    Registration or None
        None where the page does not show this reference page.
    """
    found = _refine(target, seen, start, prior)
    if found is None or not (target.repeats_mm or found.tiles < FEW_TILES):
        return found
    # Ruled and sparse pages fit nearly as well some way off: move while that fits the whole page better.
    steps = [(d * sx, d * sy) for d in SEARCH_MM for sx, sy in ((1, 0), (0, 1))] + list(target.repeats_mm)
    shifts = [(sign * dx, sign * dy) for dx, dy in steps for sign in (-1, 1)]
    for _ in range(4):
        score = _whole_page(target, seen, found.to_px, sheet)
        scores = [_whole_page(target, seen, found.to_px.after(Affine.shift(*s)), sheet) for s in shifts]
        best = int(np.argmax(scores))
        if scores[best] <= score:
            break
        again = _refine(target, seen, found.to_px.after(Affine.shift(*shifts[best])), prior)
        if again is None:
            return replace(found, observable=(False, False))
        found = again
    else:
        return replace(found, observable=(False, False))
    # Along each axis the next best place must fit clearly worse.
    rivals = [max(v for v, s in zip(scores, shifts, strict=True) if s[axis]) for axis in (0, 1)]
    clear = [o and score - r > MIN_LEAD for o, r in zip(found.observable, rivals, strict=True)]
    return replace(found, observable=(clear[0], clear[1]))


def _whole_page(target: PreparedPage, seen: SeenPage, to_working: Affine, sheet: Points | None) -> float:
    """Correlation of scan and reference over the whole page at 75 dpi, bare regions included, backing left out."""
    to_page = target.to_whole
    scan = seen.averaged(75.0).in_raster(to_page, target.whole.shape, to_working)
    corners = to_page(target.trim.corners())
    (x0, y0), (x1, y1) = (corners.min(axis=0) + 12).astype(int), (corners.max(axis=0) - 12).astype(int)
    flat = to_page(np.clip(target.flat_mm, 0, target.trim.width_mm)[:, None] * [1.0, 0.0])[:, 0]
    x0, x1 = max(x0, int(flat[0])), min(x1, int(flat[1]))
    a, b = target.whole[y0:y1, x0:x1], scan[y0:y1, x0:x1]
    shown = b >= 0
    if sheet is not None:
        paper = np.zeros(target.whole.shape, np.uint8)
        outline = to_page.after(to_working.inverse())(sheet)
        cv2.fillConvexPoly(paper, np.round(outline).astype(np.int32), 1)
        shown &= cv2.erode(paper, np.ones((5, 5), np.uint8))[y0:y1, x0:x1] > 0
    a, b = a[shown] - np.median(a[shown]), b[shown] - np.median(b[shown])
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-12))


@dataclass(frozen=True)
class _Place:
    """Where a level found the print: `step` is the last correction, of the map `base`."""

    base: Affine
    fit: Fit
    step: NDArray[np.float64]
    settled: bool
    to_px: Affine

    @property
    def clear(self) -> bool:
        """Whether nothing is gained by a closer look."""
        less, more = sorted(self.fit.residual_mm)
        return (
            self.settled
            and self.fit.correlation >= CLEAR_CORRELATION
            and self.fit.tiles >= FEW_TILES
            and more**2 - less**2 < WOBBLE_MM**2
        )


def _refine(target: PreparedPage, seen: SeenPage, start: Affine, prior: Prior) -> Registration | None:
    place = _placed(target, seen, AT_37, start, prior)
    place = place and _placed(target, seen, AT_75, place.to_px, prior)
    # What repeats itself is compared with itself elsewhere or upside down, which takes all detail there is.
    if place is not None and (target.repeats_mm or not place.clear):
        place = _placed(target, seen, AT_150, place.to_px, prior)
        if place is not None and place.fit.correlation < MIN_CORRELATION:
            return None
    if place is None:
        return None
    # The fit refers to the map before the last correction; the prior is taken out of it again.
    fit, nominal = place.fit, seen.nominal
    constraint, vector = _constraints(place.base, nominal, prior)
    return Registration(
        base=place.base,
        information=fit.information,
        vector=(fit.information + constraint) @ place.step - vector,
        center=target.center,
        nominal=nominal,
        correlation=fit.correlation,
        residual_mm=fit.residual_mm,
        tiles=fit.tiles,
        repeats=bool(target.repeats_mm),
        observable=target.observable if place.settled and fit.tiles >= MIN_TILES else (False, False),
    ).given(prior)


def _placed(target: PreparedPage, seen: SeenPage, pace: Pace, start: Affine, prior: Prior) -> _Place | None:
    """Where a level finds the print, from `start`; None where too little of it looks alike."""
    level, view = target.level(pace.dpi), seen.view(pace.dpi)
    place, following, stretch = None, start, 1.0
    for _ in range(pace.rounds):
        constraint, vector = _constraints(following, seen.nominal, prior)
        tiles = tiles_of(level, view, following, target.trim, target.flat_mm)
        fit = fit_tiles(level, tiles, target.center, constraint, vector, pace.least)
        if fit is None:
            return None
        stretch = _stretched(stretch, fit, place)
        step = stretch * fit.estimate
        moved_px = stretch * fit.moved_mm / level.mm_per_px
        base, following = following, _compose(following, step, target.center)
        place = _Place(base, fit, step, moved_px < pace.settled_px, following)
        if moved_px < pace.still_px:
            break
    return place


def _stretched(stretch: float, fit: Fit, place: _Place | None) -> float:
    """By what the step of a fit is to be stretched, from what the one before it, stretched by `stretch`, left to do: a scan
    softer than its reference takes short steps, a sharper one long ones."""
    if place is None:
        return stretch
    before = place.fit.estimate
    # In terms of what the tiles tell: along rules, steps say nothing.
    left = float(fit.estimate @ fit.information @ before / (before @ fit.information @ before + 1e-12))
    return float(np.clip(stretch / (1 - min(left, LARGEST_LEFT)), *STRETCH))
