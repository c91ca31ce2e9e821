"""Density of a page relative to its paper, tile by tile, and parted into the three inks: how much of each one printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import linear_rgb_to_lab
from qc.tiles import PageTiles

INKS = ("cyan", "magenta", "yellow")
_ABSORBED = np.array([[1.0, 0.12, 0.02], [0.30, 1.0, 0.07], [0.12, 0.45, 1.0]])
"""Density of process inks in R, G, B (rows) for one unit of cyan, magenta, yellow (columns): usual status densities of
inks on uncoated paper, rounded."""
_UNMIX = np.linalg.inv(_ABSORBED) / np.linalg.inv(_ABSORBED).sum(axis=1, keepdims=True)
"""Density of R, G, B to amounts of ink, in units that make equal amounts of a gray, whoever prints it."""
_STEPS = np.array([0.02, 0.06, 0.1, 0.15, 0.2, 0.26, 0.33, 0.41, 0.5, 0.6, 0.72, 0.86, 1.05, 1.3, 1.7, 2.5])
"""Of density, for the tone curve."""
EVEN = 0.35
"""Deviation within a tile, as a share of its darkness, up to which its mean is a tone: text is uneven and left out."""
LEAST_LIGHT = 0.004
LEAST_INK = 0.10
"""Excess of an ink over the weakest of the three, in density, that a tile must have been ordered with."""
MIN_TILES = 12
LEAST_CHROMA = 12.0
MID, DARK = (0.12, 0.45), 0.6


Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class TileDensities:
    """Densities relative to paper, shape (rows, cols, 3), and which tiles hold one tone (paper included)."""

    copy: NDArray[np.float64]
    reference: NDArray[np.float64]
    even: NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """A share of what was ordered, with the standard uncertainty of its scatter over `tiles`."""

    value: float
    u: float
    tiles: int


def densities(tiles: PageTiles, paper: NDArray[np.float64]) -> TileDensities:
    """Density of a page and of its reference, each relative to its paper; `paper` is linear RGB, shape (3,)."""
    copy, reference = (
        -np.log10(np.clip(light, LEAST_LIGHT, None)) for light in (tiles.copy / paper, np.minimum(tiles.reference, 1.0))
    )
    darkness = 1 - np.minimum(tiles.reference, 1.0).mean(axis=2)
    return TileDensities(copy, reference, tiles.usable & (tiles.spread < EVEN * darkness + 0.01))


def tone_curve(pages: Sequence[TileDensities], channels: Sequence[int] = (0, 1, 2)) -> Curve:
    """What density the copy gives, in the median over its pages and channels, where a density was ordered.

    Parameters
    ----------
    pages : sequence of TileDensities
    channels : sequence of int
        Of R, G, B; without the one whose ink is weak on all pages, which would pull the curve down.

    Returns
    -------
    callable
        Ordered density, any shape -> density as printed and scanned. It holds dot gain, black and the scanner's tone curve,
        which are common to the inks; without enough tones it is the identity.
    """
    ordered = np.concatenate([p.reference[p.even][:, channels].ravel() for p in pages] or [np.zeros(0)])
    printed = np.concatenate([p.copy[p.even][:, channels].ravel() for p in pages] or [np.zeros(0)])
    index = np.digitize(ordered, _STEPS)
    at, level = [0.0], [0.0]
    for step in range(1, len(_STEPS)):
        here = index == step
        if int(here.sum()) >= MIN_TILES:
            at.append(float(np.median(ordered[here])))
            level.append(max(float(np.median(printed[here])), level[-1] + 1e-3))
    if len(at) < 3:
        return lambda density: density
    slope = level[-1] / at[-1]
    at, level = [*at, at[-1] + 1.0], [*level, level[-1] + 0.5 * slope]
    return lambda density: np.interp(density, at, level)


def ink_amounts(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amounts of cyan, magenta and yellow for densities in R, G and B, shape (..., 3); equal amounts make a gray."""
    return np.asarray(density @ _UNMIX.T)


def ink_shares(seen: TileDensities, curve: Curve) -> tuple[Share | None, Share | None, Share | None]:
    """How much of cyan, magenta and yellow printed, as a share of what was ordered; None where a page orders too little.

    Notes
    -----
    The amount of an ink that printed is fitted by what was ordered beyond the gray of the other two, and by that gray, whose
    share of black ink is not known; the former is the share. What was ordered goes through the tone curve of the copy first:
    in shadows all inks differ less than they were ordered to. Each tile is bounded in what it can pull.
    """
    ordered, printed = ink_amounts(curve(seen.reference)), ink_amounts(seen.copy)
    shares: list[Share | None] = []
    for ink in range(3):
        gray = np.delete(ordered, ink, axis=2).min(axis=2)
        beyond = ordered[:, :, ink] - gray
        used = seen.even & (beyond > LEAST_INK)
        shares.append(_share(beyond[used], np.clip(gray[used], 0, None), printed[used, ink]))
    return shares[0], shares[1], shares[2]


def _share(beyond: NDArray[np.float64], gray: NDArray[np.float64], printed: NDArray[np.float64]) -> Share | None:
    n = len(beyond)
    if n < MIN_TILES:
        return None
    design, prior = np.column_stack([beyond, gray]), np.array([0.0, 1.0])
    weight = np.ones(n)
    for _ in range(8):
        normal = (design * weight[:, None]).T @ design + np.diag([1e-9, 0.05])
        # Without gray in the tiles its share is taken as 1.
        solved = np.linalg.solve(normal, design.T @ (weight * printed) + np.array([0.0, 0.05]) * prior)
        residual = printed - design @ solved
        scatter = max(1.4826 * float(np.median(np.abs(residual))), 2e-3)
        weight = np.minimum(1.0, 1.5 * scatter / np.maximum(np.abs(residual), 1e-9))
    u = 2 * scatter * float(np.sqrt(np.linalg.inv(normal)[0, 0]))
    return Share(float(solved[0]), u, n)


def tone_shares(seen: TileDensities, low: float, high: float) -> tuple[Share | None, ...]:
    """Density in R, G and B as a share of what was ordered, over even tiles ordered between two densities."""
    mean = seen.reference.mean(axis=2)
    used = seen.even & (mean > low) & (mean < high)
    return tuple(_slope(seen.reference[used, c], seen.copy[used, c]) for c in range(3))


def neutral_shares(seen: TileDensities) -> tuple[Share | None, ...]:
    """The same over tiles that were ordered nearly gray."""
    reference = seen.reference
    mean = reference.mean(axis=2)
    used = seen.even & (mean > MID[0]) & (np.ptp(reference, axis=2) < 0.25 * mean)
    return tuple(_slope(reference[used, c], seen.copy[used, c]) for c in range(3))


def chroma_share(tiles: PageTiles, paper: NDArray[np.float64], curve: Curve) -> Share | None:
    """Chroma of the page as a share of what was ordered, over tiles ordered with a chroma above `LEAST_CHROMA`."""
    ordered = _chroma(np.minimum(tiles.reference, 1.0))
    used = tiles.usable & (ordered > LEAST_CHROMA)
    if int(used.sum()) < MIN_TILES:
        return None
    light = np.clip(tiles.reference[used], LEAST_LIGHT, 1.0)
    expected = np.maximum(_chroma(10 ** -curve(-np.log10(light))), LEAST_CHROMA / 3)
    return _slope(expected, _chroma(np.clip(tiles.copy[used] / paper, 0, 1.2)))


def _chroma(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    lab = linear_rgb_to_lab(rgb)
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]))


def _slope(ordered: NDArray[np.float64], printed: NDArray[np.float64]) -> Share | None:
    """Robust slope through zero, weighted by what was ordered; its u from the scatter, as if four tiles were one."""
    n = len(ordered)
    if n < MIN_TILES or float((ordered**2).sum()) <= 0:
        return None
    ratio, weight = printed / np.maximum(ordered, 1e-6), ordered**2
    order = np.argsort(ratio)
    total = np.cumsum(weight[order])
    value = float(ratio[order][np.searchsorted(total, total[-1] / 2)])
    for _ in range(10):
        scatter = max(1.4826 * float(np.median(np.abs(ratio - value))), 1e-3)
        pull = weight * np.minimum(1.0, 1.5 * scatter / np.maximum(np.abs(ratio - value), 1e-9))
        value = float((pull * ratio).sum() / pull.sum())
    effective = float(pull.sum() ** 2 / (pull**2).sum()) / 4
    return Share(value, scatter / float(np.sqrt(max(effective, 1.0))), n)
