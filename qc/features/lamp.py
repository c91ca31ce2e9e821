"""How unevenly the lamp of the scanner lights the pages of a copy, learned from their bare paper and taken out of their tiles.

A lamp stays with its sensor: at one place of the raw scan it gives the same light on every page that this sensor saw. Paper
beside the print shows it; print does not, as ink may be uneven itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_max, channel_mean, channel_min
from qc.features.tiles import ScannedPage
from qc.geometry import Affine
from qc.stats import huber_weights, mad, median

LEAST_BARE = 0.3
"""Share of a tile that must be bare paper for its light to count."""
CLIPPED = 0.97
"""Light, as a share of the brightest that the scan can hold, from which on paper may be clipped to white."""
U_CLIPPED = 0.06
"""Of the logarithm of the light of clipped paper; the lamp may be brighter than what is shown."""
KNOTS = 9
BEND = 0.02
"""Usual second difference of the log light from knot to knot of one axis; a prior."""
SWING = 0.15
"""Usual log light at the rim of a lamp against its middle; a prior, and u where no paper shows."""
LEAST_DEVIATION, MOST_DEVIATION = 0.004, 0.06
"""Of one page from what its sensor shows on the others: curl, glare, a frame that the driver moved."""
NEIGHBORS = 3.0
"""Tiles that go together: noise of paper and show-through reach over some tiles."""
LEAST_NOISE = 0.003
FEW_PAGES = 3
FIELD_PAGES = 48
"""So many pages of a side tell its lamp as well as all of a thick book do."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Shown:
    """Bare paper of one page: log light (n, channels), its own noise (n,), the place of each tile on the glass, shape
    (rows * cols, 2), from -1 to 1, and which of them show paper (rows * cols,)."""

    log_light: Array
    noise: Array
    everywhere: Array
    has: NDArray[np.bool_]


def lamp_taken_out(pages: Sequence[ScannedPage]) -> list[ScannedPage]:
    """The pages as an even lamp would show them.

    Parameters
    ----------
    pages : sequence of ScannedPage
        All registered pages of a copy, as scanned.

    Returns
    -------
    list of ScannedPage
        `tiles.copy`, `bare_light`, `contrast` and `paper` are what a lamp as bright everywhere as on the page's own paper in
        the mean gives; `tiles.u_lamp` is the standard uncertainty of the logarithm of that light, relative to the page's mean.

    Notes
    -----
    Rectos and versos are taken apart, as the two sides of a duplex scanner have lamps of their own. Per side, one field is
    fitted to the log light of all bare paper: a curve along each axis of the scan and their low products. A page may deviate
    from it by a quadratic surface as far as pages usually do; its own paper decides. Where no paper shows, u says how far the
    lamp may be off. Fooled by paper that is darker on one side of every leaf, and by a driver that evens out backgrounds.
    Clipped paper shows no lamp: it counts little, and u is wide.
    """
    result = list(pages)
    extent = _extent(pages)
    sides = [[i for i, p in enumerate(pages) if p.recto is side] for side in (True, False)]
    # What is seen of all pages of a thick book would be held at once.
    shown = {i: _shown(pages[i], extent) for side in sides for i in side[:: max(-(-len(side) // FIELD_PAGES), 1)]}
    for side in sides:
        telling = [s for i, s in shown.items() if i in side and s.has.any()]
        field = _field(telling if len(telling) >= FEW_PAGES else [s for s in shown.values() if s.has.any()])
        for i in side:
            result[i] = _leveled(pages[i], shown[i] if i in shown else _shown(pages[i], extent), field)
    return result


def _on_glass(page: ScannedPage, to_mm: Affine, tiles: Array) -> Array:
    """Place of tiles (column, row) on the glass, mm, shape (n, 2)."""
    return np.asarray(page.to_scan(to_mm(tiles)) / page.to_scan.scale)


def _extent(pages: Sequence[ScannedPage]) -> tuple[Array, Array]:
    if not pages:
        return np.zeros(2), np.ones(2)
    corners = []
    for page in pages:
        tiles = page.tiles
        y, x = np.array(tiles.usable.shape) - 1.0
        corners.append(_on_glass(page, tiles.to_mm, np.array([[0, 0], [x, 0], [0, y], [x, y]])))
    return np.min(corners, axis=(0, 1)), np.max(corners, axis=(0, 1))


def _shown(page: ScannedPage, extent: tuple[Array, Array]) -> _Shown:
    tiles, (low, high) = page.tiles, extent
    rows, cols = tiles.usable.shape
    places = np.column_stack([np.tile(np.arange(cols), rows), np.repeat(np.arange(rows), cols)])
    everywhere = 2 * (_on_glass(page, tiles.to_mm, places) - low) / np.maximum(high - low, 1.0) - 1
    if tiles.bare is None or tiles.bare_light is None:
        return _Shown(np.zeros((0, 3)), np.zeros(0), everywhere, np.zeros(len(everywhere), bool))
    light = np.asarray(tiles.bare_light, np.float64)
    has = tiles.usable & (tiles.bare > LEAST_BARE) & (channel_min(light) > 0.05)
    light = light[has]
    clipped = channel_max(light) > CLIPPED * float(tiles.colors.decode[-1])
    return _Shown(np.log(light), np.where(clipped, U_CLIPPED, 0.0), everywhere, has.ravel())


def _hats(at: Array) -> Array:
    """Linear B-splines at `KNOTS` equal places from -1 to 1, shape (n, KNOTS)."""
    knots = np.linspace(-1, 1, KNOTS)
    return np.asarray(np.clip(1 - np.abs(at[:, None] - knots) / (knots[1] - knots[0]), 0, None))


def _design(at: Array) -> Array:
    x, y = np.clip(at, -1.2, 1.2).T
    return np.column_stack([_hats(x.clip(-1, 1)), _hats(y.clip(-1, 1)), x * y, x * x * y, x * y * y, x * x * y * y])


def _prior() -> Array:
    """Precision of the coefficients of `_design`."""
    second = np.diff(np.eye(KNOTS), 2, axis=0) / BEND
    axis = second.T @ second + np.eye(KNOTS) / SWING**2
    precision = np.zeros((2 * KNOTS + 4, 2 * KNOTS + 4))
    precision[:KNOTS, :KNOTS] = precision[KNOTS : 2 * KNOTS, KNOTS : 2 * KNOTS] = axis
    precision[2 * KNOTS :, 2 * KNOTS :] = np.eye(4) / (SWING / 3) ** 2
    return precision


@dataclass(frozen=True)
class _Field:
    """Coefficients of `_design` (m, channels), their covariance, noise of a tile, and the usual deviation of a page."""

    coefficients: Array
    covariance: Array
    noise: float
    deviation: float


def _field(known: Sequence[_Shown]) -> _Field:
    """What pages of a sensor have in common, all of which show paper."""
    noise, precision = 0.01, _prior()
    coefficients = np.zeros((len(precision), 3))
    covariance = np.asarray(np.linalg.inv(precision), np.float64)
    designs = [_design(s.everywhere[s.has]) for s in known]
    residuals = [np.zeros(len(d)) for d in designs]
    for _ in range(6):
        normal, right = precision.copy(), np.zeros_like(coefficients)
        for page, design, off in zip(known, designs, residuals, strict=True):
            weight = _weights(page, off, noise)
            # Relative to the page's own level.
            weighted, total = design * weight[:, None], weight.sum()
            middle, level = weighted.sum(axis=0), weight @ page.log_light / total
            normal += weighted.T @ design - np.outer(middle, middle / total)
            right += weighted.T @ page.log_light - np.outer(middle, level)
        covariance = np.asarray(np.linalg.inv(normal), np.float64)
        coefficients = covariance @ right
        residuals = [_off(p, d @ coefficients) for p, d in zip(known, designs, strict=True)]
        if known:
            noise = max(mad(np.concatenate(residuals)), LEAST_NOISE)
    slopes = [
        np.polyfit(p.everywhere[p.has, k], r, 1)[0]
        for p, r in zip(known, residuals, strict=True)
        if len(r) > 20
        for k in (0, 1)
    ]
    usual = mad(slopes) if len(slopes) >= 2 * FEW_PAGES else MOST_DEVIATION
    return _Field(coefficients, covariance, noise, float(np.clip(1.5 * usual, LEAST_DEVIATION, MOST_DEVIATION)))


def _weights(page: _Shown, off: Array, noise: float) -> Array:
    sigma = np.hypot(noise * NEIGHBORS, page.noise)
    return np.asarray(huber_weights(off, 2 * noise) / sigma**2)


def _off(page: _Shown, expected: Array) -> Array:
    """Mean residual of the channels about the page's own level."""
    residual = channel_mean(page.log_light - expected)
    return np.asarray(residual - median(residual))


def _surface(at: Array) -> Array:
    x, y = at.T
    return np.column_stack([np.ones_like(x), x, y, x * x - 1 / 3, x * y, y * y - 1 / 3])


def _leveled(page: ScannedPage, shown: _Shown, field: _Field) -> ScannedPage:
    tiles = page.tiles
    shape = tiles.usable.shape
    everywhere, surface = _design(shown.everywhere), _surface(shown.everywhere)
    lamp = everywhere @ field.coefficients
    own = np.diag([1e-6, *[1 / field.deviation**2] * 5])
    right = np.zeros((6, lamp.shape[1]))
    # Relative to where the page's paper is, as that is what its light is held against.
    around = tiles.usable.ravel() / max(int(tiles.usable.sum()), 1)
    if shown.has.any():
        at = surface[shown.has]
        residual = shown.log_light - lamp[shown.has]
        middle = np.median(residual, axis=0)
        weight = _weights(shown, channel_mean(residual - middle), field.noise)
        own = own + (at * weight[:, None]).T @ at
        right = (at * weight[:, None]).T @ residual
        around = np.zeros(len(surface))
        around[shown.has] = weight / weight.sum()
    covariance = np.linalg.inv(own)
    solved = covariance @ right
    lamp += surface[:, 1:] @ solved[1:]
    lamp -= around @ lamp
    everywhere -= around @ everywhere
    surface = surface[:, 1:] - around @ surface[:, 1:]
    u = np.sqrt(
        (everywhere @ field.covariance * everywhere).sum(axis=1) + (surface @ covariance[1:, 1:] * surface).sum(axis=1)
    )
    gain = np.exp(lamp).reshape(*shape, -1)
    bare_light = None if tiles.bare_light is None else tiles.bare_light / gain
    paper = tiles.paper
    if paper is not None and bare_light is not None and tiles.bare is not None and shown.has.any():
        paper = np.median(bare_light[tiles.usable & (tiles.bare > LEAST_BARE)], axis=0).astype(np.float64)
    contrast = None if tiles.contrast is None else tiles.contrast / channel_mean(gain)
    even = replace(
        tiles,
        copy=tiles.copy / gain,
        bare_light=bare_light,
        contrast=contrast,
        paper=paper,
        u_lamp=u.reshape(shape),
    )
    return replace(page, kept=page.kept.instead(even.compact()))
