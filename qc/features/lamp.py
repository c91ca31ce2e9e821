"""How unevenly the lamp of the scanner lights the pages of a copy, learned from their bare paper and taken out of their tiles.

A lamp stays with its sensor: at one place of the raw scan it gives the same light on every page that this sensor saw. Paper
beside the print shows it; print does not, as ink may be uneven itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.features.tiles import ScannedPage
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

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Shown:
    """Bare paper of one page: log light (n, channels), its noise as a share of the usual, and the place of each tile on the
    glass, all tiles (rows * cols, 2) and those with paper (n, 2), both from -1 to 1."""

    log_light: Array
    noise: Array
    at: Array
    everywhere: Array


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
    for side in (True, False):
        group = [i for i, p in enumerate(pages) if p.recto is side]
        shown = [_shown(pages[i], extent) for i in group]
        if sum(len(s.at) > 0 for s in shown) < FEW_PAGES:
            shown = [_shown(p, extent) for p in pages]
        field = _field(shown)
        for i in group:
            result[i] = _leveled(pages[i], _shown(pages[i], extent), field)
    return result


def _places(page: ScannedPage) -> Array:
    """Place of each tile on the glass, mm, shape (rows * cols, 2)."""
    rows, cols = page.tiles.usable.shape
    y, x = np.mgrid[0:rows, 0:cols]
    at = page.to_scan(page.tiles.to_mm(np.column_stack([x.ravel(), y.ravel()])))
    return np.asarray(at / page.to_scan.scale)


def _extent(pages: Sequence[ScannedPage]) -> tuple[Array, Array]:
    if not pages:
        return np.zeros(2), np.ones(2)
    low = np.min([_places(p).min(axis=0) for p in pages], axis=0)
    high = np.max([_places(p).max(axis=0) for p in pages], axis=0)
    return low, high


def _shown(page: ScannedPage, extent: tuple[Array, Array]) -> _Shown:
    tiles, (low, high) = page.tiles, extent
    everywhere = 2 * (_places(page) - low) / np.maximum(high - low, 1.0) - 1
    if tiles.bare is None or tiles.bare_light is None:
        return _Shown(np.zeros((0, 3)), np.zeros(0), np.zeros((0, 2)), everywhere)
    light = np.asarray(tiles.bare_light, np.float64)
    has = (tiles.usable & (tiles.bare > LEAST_BARE) & (light.min(axis=2) > 0.05)).ravel()
    light = light.reshape(-1, light.shape[2])[has]
    clipped = light.max(axis=1) > CLIPPED * float(tiles.colors.decode[-1])
    return _Shown(np.log(light), np.where(clipped, U_CLIPPED, 0.0), everywhere[has], everywhere)


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


def _field(shown: Sequence[_Shown]) -> _Field:
    """What all pages of a sensor have in common."""
    known = [s for s in shown if len(s.at)]
    channels = known[0].log_light.shape[1] if known else 3
    noise, precision = 0.01, _prior()
    coefficients = np.zeros((len(precision), channels))
    covariance = np.asarray(np.linalg.inv(precision), np.float64)
    designs = [_design(s.at) for s in known]
    residuals: list[Array] = []
    for _ in range(6):
        normal, right = precision.copy(), np.zeros((len(precision), channels))
        for page, design, off in zip(known, designs, residuals or [np.zeros(len(s.at)) for s in known], strict=True):
            weight = _weights(page, off, noise)
            share = weight / weight.sum()
            centered = design - share @ design
            normal += (centered * weight[:, None]).T @ centered
            right += (centered * weight[:, None]).T @ (page.log_light - share @ page.log_light)
        covariance = np.asarray(np.linalg.inv(normal), np.float64)
        coefficients = covariance @ right
        residuals = [_off(p, d @ coefficients) for p, d in zip(known, designs, strict=True)]
        if known:
            noise = max(mad(np.concatenate(residuals)), LEAST_NOISE)
    slopes = [
        np.polyfit(p.at[:, k], r, 1)[0] for p, r in zip(known, residuals, strict=True) if len(p.at) > 20 for k in (0, 1)
    ]
    usual = mad(slopes) if len(slopes) >= 2 * FEW_PAGES else MOST_DEVIATION
    return _Field(coefficients, covariance, noise, float(np.clip(1.5 * usual, LEAST_DEVIATION, MOST_DEVIATION)))


def _weights(page: _Shown, off: Array, noise: float) -> Array:
    sigma = np.hypot(noise * NEIGHBORS, page.noise)
    return np.asarray(huber_weights(off, 2 * noise) / sigma**2)


def _off(page: _Shown, expected: Array) -> Array:
    """Mean residual of the channels about the page's own level."""
    residual = (page.log_light - expected).mean(axis=1)
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
    at, around = shown.everywhere, tiles.usable.ravel() / max(int(tiles.usable.sum()), 1)
    if len(shown.at):
        residual = shown.log_light - _design(shown.at) @ field.coefficients
        middle = np.median(residual, axis=0)
        weight = _weights(shown, (residual - middle).mean(axis=1), field.noise)
        own = own + (_surface(shown.at) * weight[:, None]).T @ _surface(shown.at)
        right = (_surface(shown.at) * weight[:, None]).T @ residual
        at, around = shown.at, weight / weight.sum()
    everywhere = everywhere - around @ _design(at)
    surface = surface - around @ _surface(at)
    covariance = np.linalg.inv(own)
    solved = covariance @ right
    lamp = lamp + _surface(shown.everywhere)[:, 1:] @ solved[1:]
    u = np.sqrt(
        np.einsum("ij,jk,ik->i", everywhere, field.covariance, everywhere)
        + np.einsum("ij,jk,ik->i", surface[:, 1:], covariance[1:, 1:], surface[:, 1:])
    )
    lamp = lamp - around @ (_design(at) @ field.coefficients + _surface(at)[:, 1:] @ solved[1:])
    gain = np.exp(lamp).reshape(*shape, -1)
    bare_light = None if tiles.bare_light is None else tiles.bare_light / gain
    paper = tiles.paper
    if paper is not None and bare_light is not None and tiles.bare is not None and len(shown.at):
        paper = np.median(bare_light[tiles.usable & (tiles.bare > LEAST_BARE)], axis=0).astype(np.float64)
    contrast = None if tiles.contrast is None else tiles.contrast / gain.mean(axis=2)
    even = replace(
        tiles,
        copy=tiles.copy / gain,
        bare_light=bare_light,
        contrast=contrast,
        paper=paper,
        u_lamp=u.reshape(shape),
    )
    return replace(page, tiles=even.compact())
