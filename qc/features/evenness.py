"""How evenly a page is inked: loss of density from one side to the other, and bands.

A lamp that falls off, glare and curl change the light of paper and ink alike: they add to density. Ink that fades scales it.
The two are fitted together, so that only what scales counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.ink_density import TileDensities
from qc.stats import huber_weights, mad

MIN_TILES = 60
LEAST_DENSITY, MOST_DENSITY = 0.10, 1.2
MIN_SPAN = 0.3
GLARE_TILES = 2.5
"""Reach of light that bounces back, 9 mm."""
GLARE_SD = 0.006
"""By how much more or less than on other pages glare usually changes density over a page; a prior, in density."""
LEAST_LAMP = 0.004
"""Least prior of what is left of the lamp, in density from the middle of the page to its side."""
LEVEL_SD = 0.5
LEAST_MISFIT = 0.015
"""Density by which like colors differ from page to page of a sound copy, at the least."""
CELL = 0.12
"""Densities that differ by less are like colors; what the response misses, it misses of all tiles of one color alike."""
BARE = 0.01
"""Ordered density below which a tile is bare paper."""
STEPS = (-0.25, -0.125, 0.0, 0.125, 0.25)
STEP_GAIN = 0.8
"""Share of the straight fade's mean residual below which a step is believed."""
MIN_LANES = 8
BAND_TILES = 150
"""Tiles with tone of a page that tells bands: a few patches, each in its own tone, differ as bands do."""
LANE_TILES = 3

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fade:
    """Loss of density from the strongest to the weakest side; `toward` is left, right, head or tail. `u_least` is what u would
    be if like colors printed as alike as they ever do: large where the tones of the page part by place."""

    value: float
    u: float
    toward: str
    u_least: float = 0.0


@dataclass(frozen=True)
class Band:
    """Relative deviation of density from lane to lane (rms); `along` is x or y, the way it changes."""

    value: float
    u: float
    along: str


@dataclass(frozen=True)
class _Fit:
    """Residual of density after tone, light and fade; `expected` is the density the tone alone gives."""

    residual: Array
    expected: Array
    used: NDArray[np.bool_]
    slopes: Array
    u_slopes: Array
    u_least: Array
    cost: float


def evenness(
    seen: TileDensities, lightness: Array, response: Array, u_response: Array, u_lamp: float = 0.0
) -> tuple[Fade, Band | None] | None:
    """Fade and bands of a page; None where it prints tone over less than a third of its width or height.

    Parameters
    ----------
    seen : TileDensities
    lightness : ndarray, shape (rows, cols)
        Mean linear light of the reference, whose surroundings send glare.
    response : ndarray, shape (rows, cols)
        Density that the other pages of the copy give for what was ordered, the mean of the channels.
    u_response : ndarray, shape (rows, cols)
        Standard uncertainty of it, in density: larger for colors that no other page shows.
    u_lamp : float
        Standard uncertainty of the density from side to side, by what is left of the lamp.

    Notes
    -----
    A fade is taken for straight from side to side of what is printed, unless a step at one place fits clearly better. What
    the response misses of like colors enters u. Fooled by a driver that
    brightens parts of a page by what they show, and by an ink that is missing.
    """
    rows, cols = seen.even.shape
    y, x = np.mgrid[0:rows, 0:cols].astype(float)
    x, y = x / (cols - 1) - 0.5, y / (rows - 1) - 0.5
    mean = seen.reference.mean(axis=2)
    toned = seen.even & (mean > LEAST_DENSITY) & (mean < MOST_DENSITY)
    if int(toned.sum()) < MIN_TILES or np.ptp(x[toned]) < MIN_SPAN or np.ptp(y[toned]) < MIN_SPAN:
        return None
    light = _light(x, y, lightness)
    lamp_sd = max(u_lamp, LEAST_LAMP)
    light_sd = np.array([LEAST_LAMP, *[2 * lamp_sd] * 2, *[4 * lamp_sd] * 2, GLARE_SD, GLARE_SD])
    names: tuple[str, ...] = ("x", "y")
    across, down = ((v - v[toned].mean()) / np.ptp(v[toned]) for v in (x, y))
    fit = _fitted(seen, response, u_response, light, light_sd, [across, down], _blocks(x, y))
    steps = [
        (name, np.where(at > t, 0.5, -0.5))
        for name, at in (("x", x), ("y", y))
        for t in STEPS
        if min(int((toned & (at > t)).sum()), int((toned & (at <= t)).sum())) >= MIN_TILES / 3
    ]
    best = min(
        ((_fitted(seen, response, u_response, light, light_sd, [s], _blocks(x, y)), (n,)) for n, s in steps),
        key=lambda f: f[0].cost,
        default=None,
    )
    if best is not None and best[0].cost < STEP_GAIN * fit.cost:
        fit, names = best
    axis = int(np.argmax(np.abs(fit.slopes)))
    loss = np.abs(fit.slopes) / (1 + np.abs(fit.slopes) / 2)
    toward = {"x": ("left", "right"), "y": ("head", "tail")}[names[axis]][int(fit.slopes[axis] < 0)]
    found = (_band(fit, 0), _band(fit, 1)) if int(toned.sum()) >= BAND_TILES else ()
    bands = [b for b in found if b is not None]
    fade = Fade(float(loss[axis]), float(fit.u_slopes[axis]), toward, float(fit.u_least[axis]))
    return fade, max(bands, key=lambda b: b.value - b.u, default=None)


def _light(x: Array, y: Array, lightness: Array) -> Array:
    """What adds to density over the page, shape (rows, cols, n): level and lamp, glare of print and of the page itself."""
    around, inside = (
        cv2.GaussianBlur(v, (0, 0), GLARE_TILES, borderType=cv2.BORDER_CONSTANT)
        for v in (np.minimum(lightness, 1.0), np.ones_like(x))
    )
    return np.stack([np.ones_like(x), x, y, x**2 - 1 / 12, y**2 - 1 / 12, around - 0.5, inside - 0.8], axis=-1)


def _blocks(x: Array, y: Array) -> NDArray[np.int64]:
    """Number of the block of 4 x 4 tiles each tile lies in."""
    rows, cols = x.shape
    row, col = np.mgrid[0:rows, 0:cols] // 4
    return np.asarray(row * cols + col)


def _fitted(
    seen: TileDensities,
    response: Array,
    u_response: Array,
    light: Array,
    light_sd: Array,
    ways: Sequence[Array],
    blocks: NDArray[np.int64],
) -> _Fit:
    """Level, light and a fade along each of `ways` (from -0.5 to 0.5), fitted to the mean density of the even tiles."""
    used = seen.even
    target, told = seen.copy.mean(axis=2)[used], response[used]
    mean, off = seen.reference.mean(axis=2)[used], u_response[used]
    toned = (mean > LEAST_DENSITY) & (mean < MOST_DENSITY)
    # Colors that no other page shows, and shadows where a scanner ends, say nothing.
    known = np.square(float(off.min()) / off) * (mean < MOST_DENSITY)
    along = np.column_stack([way[used] for way in ways])
    fades = slice(1, 1 + len(ways))
    usual = np.zeros(1 + len(ways) + light.shape[2])
    usual[0] = 1.0
    prior = np.concatenate([[1 / LEVEL_SD**2], np.full(len(ways), 1.0), 1 / light_sd**2])
    expected, scatter, weights = told, 0.02, known
    for _ in range(8):
        design = np.column_stack([told, along * expected[:, None], light[used]])
        normal = (design * (weights / scatter**2)[:, None]).T @ design + np.diag(prior)
        solved = np.linalg.solve(normal, design.T @ (weights / scatter**2 * target) + prior * usual)
        residual = target - design @ solved
        scatter = max(mad(residual[toned]), 0.004)
        weights = known * huber_weights(residual, 2 * scatter)
        expected = np.clip(told * solved[0], 0, None)
    clustered = _clustered(normal, design, weights * residual / scatter**2, blocks[used])
    # What priors leave open, and by how much like colors differ from page to page, is no scatter of tiles.
    cell = like_colors(seen.reference[used])
    sums = np.zeros((int(cell.max()) + 1, design.shape[1]))
    misfit = np.maximum(off, float(np.sqrt(np.average(np.square(residual[toned]), weights=known[toned] + 1e-9))))
    np.add.at(sums, cell, design * (weights / scatter**2 * misfit * (told > BARE))[:, None])
    inverse = np.linalg.inv(normal)
    of_colors = np.square(sums @ inverse).sum(axis=0)
    u_slopes = np.sqrt(clustered**2 + np.diag(inverse) + of_colors)[fades]
    u_least = LEAST_MISFIT / float(misfit.min()) * np.sqrt(of_colors)[fades]
    full = np.zeros((2, *used.shape))
    full[0][used], full[1][used] = _within_colors(residual, seen.reference[used], scatter, off), expected
    cost = float(np.abs(residual[toned]).mean())
    return _Fit(full[0], full[1], used, solved[fades], u_slopes, u_least, cost)


def like_colors(ordered: Array) -> NDArray[np.int64]:
    """Number of the color that each tile was ordered in, from densities of shape (n, 3): those within a cell are alike."""
    return np.asarray(np.unique((ordered / CELL).astype(int), axis=0, return_inverse=True)[1].ravel(), np.int64)


def _within_colors(residual: Array, ordered: Array, scatter: float, off: Array) -> Array:
    """The residual less what like colors have in common, as far as that may be theirs (random effects of the size `off`):
    layers of a picture print off the response without being bands."""
    cell = like_colors(ordered)
    count = np.bincount(cell)
    variance = np.bincount(cell, off**2)  # of all tiles of a color together
    share = variance / (scatter**2 + variance)
    share[np.unique(cell[ordered.mean(axis=1) < BARE])] = 0.0
    return np.asarray(residual - (share * np.bincount(cell, residual) / count)[cell])


def _clustered(normal: Array, design: Array, scores: Array, blocks: NDArray[np.int64]) -> Array:
    """Standard uncertainties that allow residuals of one block of 4 x 4 tiles to go together."""
    inverse = np.linalg.inv(normal)
    _, label = np.unique(blocks, return_inverse=True)
    sums = np.zeros((int(label.max()) + 1, design.shape[1]))
    np.add.at(sums, label, design * scores[:, None])
    covariance = inverse @ (sums.T @ sums) @ inverse
    return np.asarray(np.sqrt(np.clip(np.diag(covariance), 0, None)))


def _band(fit: _Fit, axis: int) -> Band | None:
    """Bands that change along `axis` (0 down, 1 across): what three parts of each lane agree on.

    A misfit of the tone curve follows the picture and differs from part to part of a lane; a band crosses them all.
    """
    residual, expected, used = (v if axis == 0 else v.T for v in (fit.residual, fit.expected, fit.used))
    parts = [
        _lanes(r, e, u)
        for r, e, u in zip(*(np.array_split(v, 3, axis=1) for v in (residual, expected, used)), strict=True)
    ]
    products, noises = [], []
    for a, b in ((0, 1), (1, 2), (0, 2)):
        (first, w1, tone1), (second, w2, tone2) = parts[a], parts[b]
        both = (w1 > 0) & (w2 > 0)
        if int(both.sum()) < MIN_LANES:
            continue
        at = np.flatnonzero(both)
        first, second = (_detrended(v[both], at, t[both]) for v, t in ((first, tone1), (second, tone2)))
        products.append(first * second)
        noises.append(float(np.var(first - second)) / 2)
    if not products:
        return None
    value = float(np.concatenate(products).mean())
    noise, lanes = float(np.mean(noises)), len(products[0])
    u_square = float(np.sqrt((2 * max(value, 0.0) * noise + noise**2) / lanes))
    rms = float(np.sqrt(max(value, 0.0)))
    return Band(rms, u_square / (2 * max(rms, float(np.sqrt(u_square)))), "yx"[axis])


def _lanes(residual: Array, expected: Array, used: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Relative residual of each row, its weight (0 where too few tiles carry tone), and its mean density."""
    toned = used & (expected > LEAST_DENSITY / 2)
    weight = np.where(toned, np.minimum(expected, 0.6) ** 2, 0.0)
    total = weight.sum(axis=1)
    # The light of the lane shows on its paper, where it has any.
    bare = used & (expected < 0.01)
    count = bare.sum(axis=1)
    lit = np.where(count >= 3, (residual * bare).sum(axis=1) / np.maximum(count, 1), 0.0)
    ratio = (residual - lit[:, None]) / np.maximum(expected, LEAST_DENSITY / 2)
    ratio = np.clip(ratio, -0.5, 0.5)
    enough = toned.sum(axis=1) >= LANE_TILES
    mean, tone = ((weight * v).sum(axis=1) / np.maximum(total, 1e-9) for v in (ratio, expected))
    return mean, np.where(enough, total, 0.0), tone


def _detrended(values: Array, at: NDArray[np.int64], tone: Array) -> Array:
    """The values less what changes slowly, and less what goes with the lane's tone: layers of a picture are no bands."""
    way = (at - at.mean()) / max(float(np.ptp(at)), 1.0)
    tone = (tone - tone.mean()) / max(float(np.ptp(tone)), LEAST_DENSITY)
    design = np.column_stack([np.ones_like(way), way, way**2, tone, tone**2])
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])
