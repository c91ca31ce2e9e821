"""How evenly a page is inked: loss of density from one side to the other, and bands.

A lamp that falls off, glare and curl change the light of paper and ink alike: they add to density. Ink that fades scales it.
The two are fitted together, so that only what scales counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_mean
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
LIKELY_GAIN = 0.88
"""The same after two rounds, from which on a step is fitted to the end: these may be 0.08 short of all rounds, and those that
are believed in the end stood at 0.82 at most (23 of 976 on drawn pages)."""
ROUNDS = 8
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
class _EvenTiles:
    """The even tiles of a page: `used` marks them, shape (rows, cols), all else holds one row a tile.

    `shown` is their density, `told` the response to what was `ordered` (n, 3) with its standard uncertainty `off`, `known` the
    weight of that; `toned` are those a fade is told from; `light` is what adds to density, with `light_sd` as its prior.
    """

    used: NDArray[np.bool_]
    ordered: Array
    shown: Array
    told: Array
    off: Array
    toned: NDArray[np.bool_]
    known: Array
    light: Array
    light_sd: Array


@dataclass(frozen=True)
class _Fit:
    """Residual of density after level, fade and light, and what it was solved from; `cost` is its mean where there is tone."""

    design: Array
    normal: Array
    solved: Array
    residual: Array
    weights: Array
    scatter: float
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
    tiles = _even_tiles(seen, response, u_response)
    at_x, at_y, toned = x[tiles.used], y[tiles.used], tiles.toned
    if int(toned.sum()) < MIN_TILES or np.ptp(at_x[toned]) < MIN_SPAN or np.ptp(at_y[toned]) < MIN_SPAN:
        return None
    lamp_sd = max(u_lamp, LEAST_LAMP)
    light_sd = np.array([LEAST_LAMP, *[2 * lamp_sd] * 2, *[4 * lamp_sd] * 2, GLARE_SD, GLARE_SD])
    tiles = replace(tiles, light=_light(x, y, lightness)[tiles.used], light_sd=light_sd)
    names: tuple[str, ...] = ("x", "y")
    fit = _fitted(tiles, np.column_stack([(v - v[toned].mean()) / np.ptp(v[toned]) for v in (at_x, at_y)]))
    steps = [
        (name, np.where(at > t, 0.5, -0.5)[:, None])
        for name, at in (("x", at_x), ("y", at_y))
        for t in STEPS
        if min(int((toned & (at > t)).sum()), int((toned & (at <= t)).sum())) >= MIN_TILES / 3
    ]
    # Begun where the straight fade ended, two rounds tell whether a step is worth all of them.
    steps = [s for s in steps if _fitted(tiles, s[1], fit, 2).cost < LIKELY_GAIN * fit.cost]
    best = min(((_fitted(tiles, step), (name,)) for name, step in steps), key=lambda f: f[0].cost, default=None)
    if best is not None and best[0].cost < STEP_GAIN * fit.cost:
        fit, names = best
    slopes, u_slopes, u_least = _slopes(fit, tiles, len(names))
    axis = int(np.argmax(np.abs(slopes)))
    loss = np.abs(slopes) / (1 + np.abs(slopes) / 2)
    toward = {"x": ("left", "right"), "y": ("head", "tail")}[names[axis]][int(slopes[axis] < 0)]
    found = _bands(fit, tiles) if int(toned.sum()) >= BAND_TILES else ()
    fade = Fade(float(loss[axis]), float(u_slopes[axis]), toward, float(u_least[axis]))
    return fade, max(found, key=lambda b: b.value - b.u, default=None)


def _even_tiles(seen: TileDensities, response: Array, u_response: Array) -> _EvenTiles:
    used = seen.even
    mean, off = seen.ordered[used], u_response[used]
    # Colors that no other page shows, and shadows where a scanner ends, say nothing.
    known = np.square(float(off.min(initial=np.inf)) / off) * (mean < MOST_DENSITY)
    toned = (mean > LEAST_DENSITY) & (mean < MOST_DENSITY)
    none = np.zeros(0)
    return _EvenTiles(
        used, seen.reference[used], channel_mean(seen.copy[used]), response[used], off, toned, known, none, none
    )


def _light(x: Array, y: Array, lightness: Array) -> Array:
    """What adds to density over the page, shape (rows, cols, n): level and lamp, glare of print and of the page itself."""
    around, inside = (
        cv2.GaussianBlur(v, (0, 0), GLARE_TILES, borderType=cv2.BORDER_CONSTANT)
        for v in (np.minimum(lightness, 1.0), np.ones_like(x))
    )
    return np.stack([np.ones_like(x), x, y, x**2 - 1 / 12, y**2 - 1 / 12, around - 0.5, inside - 0.8], axis=-1)


def _fitted(tiles: _EvenTiles, ways: Array, start: _Fit | None = None, rounds: int = ROUNDS) -> _Fit:
    """Level, light and a fade along each of `ways` (n, fades), from -0.5 to 0.5; begun as `start` ended."""
    level = 1 + ways.shape[1]
    usual = np.zeros(level + tiles.light.shape[1])
    usual[0] = 1.0
    prior = np.concatenate([[1 / LEVEL_SD**2], np.ones(level - 1), 1 / tiles.light_sd**2])
    expected, scatter, weights = tiles.told, 0.02, tiles.known
    if start is not None:
        expected, scatter, weights = _expected(start, tiles), start.scatter, start.weights
    design = np.column_stack([tiles.told, ways, tiles.light])
    for _ in range(rounds):
        design[:, 1:level] = ways * expected[:, None]
        weighted = design * (weights / scatter**2)[:, None]
        normal = weighted.T @ design + np.diag(prior)
        solved = np.linalg.solve(normal, weighted.T @ tiles.shown + prior * usual)
        residual = tiles.shown - design @ solved
        scatter = max(mad(residual[tiles.toned]), 0.004)
        weights = tiles.known * huber_weights(residual, 2 * scatter)
        expected = np.clip(tiles.told * solved[0], 0, None)
    return _Fit(design, normal, solved, residual, weights, scatter, float(np.abs(residual[tiles.toned]).mean()))


def _expected(fit: _Fit, tiles: _EvenTiles) -> Array:
    """Density that the tone alone gives."""
    return np.asarray(np.clip(tiles.told * fit.solved[0], 0, None))


def _slopes(fit: _Fit, tiles: _EvenTiles, fades: int) -> tuple[Array, Array, Array]:
    """The fades, their standard uncertainties, and what these would be if like colors printed as alike as they ever do."""
    inverse = np.linalg.inv(fit.normal)
    pulls = fit.weights / fit.scatter**2
    # Residuals of one block of 4 x 4 tiles may go together.
    rows, cols = tiles.used.shape
    block = (np.mgrid[0:rows, 0:cols] // 4 * [[[cols]], [[1]]]).sum(axis=0)[tiles.used]
    sums = summed(fit.design * (pulls * fit.residual)[:, None], block)
    clustered = np.diag(inverse @ (sums.T @ sums) @ inverse)
    # What priors leave open, and by how much like colors differ from page to page, is no scatter of tiles.
    misfit = np.average(np.square(fit.residual[tiles.toned]), weights=tiles.known[tiles.toned] + 1e-9)
    misfits = np.maximum(tiles.off, float(np.sqrt(misfit)))
    sums = summed(fit.design * (pulls * misfits * (tiles.told > BARE))[:, None], like_colors(tiles.ordered))
    of_colors = np.square(sums @ inverse).sum(axis=0)
    u_slopes = np.sqrt(np.clip(clustered, 0, None) + np.diag(inverse) + of_colors)
    u_least = LEAST_MISFIT / float(misfits.min()) * np.sqrt(of_colors)
    return fit.solved[1 : 1 + fades], u_slopes[1 : 1 + fades], u_least[1 : 1 + fades]


def summed(rows: Array, label: NDArray[np.int64]) -> Array:
    """Sums of the `rows` of each label, shape (labels, columns)."""
    return np.stack([np.bincount(label, column) for column in rows.T], axis=1)


def like_colors(ordered: Array) -> NDArray[np.int64]:
    """Number of the color that each tile was ordered in, from densities of shape (n, 3): those within a cell are alike."""
    red, green, blue = (ordered.T / CELL).astype(np.int64)
    cells = int(ordered.max(initial=0.0) / CELL) + 1
    code = (red * cells + green) * cells + blue
    # As numpy.unique numbers them, without sorting.
    return np.asarray((np.cumsum(np.bincount(code, minlength=1) > 0) - 1)[code])


def _within_colors(fit: _Fit, tiles: _EvenTiles) -> Array:
    """The residual less what like colors have in common, as far as that may be theirs (random effects of the size `off`):
    layers of a picture print off the response without being bands."""
    cell = like_colors(tiles.ordered)
    count = np.bincount(cell)
    variance = np.bincount(cell, tiles.off**2)  # of all tiles of a color together
    share = variance / (fit.scatter**2 + variance)
    share[cell[channel_mean(tiles.ordered) < BARE]] = 0.0
    return np.asarray(fit.residual - (share * np.bincount(cell, fit.residual) / count)[cell])


def _bands(fit: _Fit, tiles: _EvenTiles) -> list[Band]:
    """Bands that change down the page and across it."""
    residual, expected = np.zeros((2, *tiles.used.shape))
    residual[tiles.used], expected[tiles.used] = _within_colors(fit, tiles), _expected(fit, tiles)
    both = (_band(residual, expected, tiles.used, "y"), _band(residual.T, expected.T, tiles.used.T, "x"))
    return [b for b in both if b is not None]


def _band(residual: Array, expected: Array, used: NDArray[np.bool_], along: str) -> Band | None:
    """What three parts of each lane (row) agree on.

    A misfit of the tone curve follows the picture and differs from part to part of a lane; a band crosses them all.
    """
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
    return Band(rms, u_square / (2 * max(rms, float(np.sqrt(u_square)))), along)


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
