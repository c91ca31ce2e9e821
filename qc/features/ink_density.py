"""Density of a page relative to its paper, tile by tile, and parted into the three inks: how much of each one printed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_max, channel_mean, channel_min
from qc.stats import huber_weights, mad

if TYPE_CHECKING:
    from qc.features.tiles import PageTiles

INKS = ("cyan", "magenta", "yellow")
_ABSORBED = np.array([[1.0, 0.12, 0.02], [0.30, 1.0, 0.07], [0.12, 0.45, 1.0]])
"""Density of process inks in R, G, B (rows) for one unit of cyan, magenta, yellow (columns): usual status densities of
inks on uncoated paper, rounded."""
_UNMIX = np.linalg.inv(_ABSORBED) / np.linalg.inv(_ABSORBED).sum(axis=1, keepdims=True)
"""Density of R, G, B to amounts of ink, in units that make equal amounts of a gray, whoever prints it."""
EVEN = 0.35
"""Deviation within a tile, as a share of its darkness, up to which its mean is a tone: text is uneven and left out."""
MIXED = 0.25
"""The same as a share of its light: of two tones mixed, the density of the mean is not the mean of the densities."""
LEAST_LIGHT = 0.004
LEAST_INK = 0.10
"""Excess of an ink over the weakest of the three, in density, that a tile must have been ordered with."""
MIN_TILES = 12
MID, DARK = (0.12, 0.45), 0.6


@dataclass(frozen=True)
class TileDensities:
    """Densities relative to paper, shape (rows, cols, 3), and which tiles hold one tone (paper included)."""

    copy: NDArray[np.float64]
    reference: NDArray[np.float64]
    even: NDArray[np.bool_]

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """Mean density of the reference, shape (rows, cols)."""
        return channel_mean(self.reference)


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
    light = channel_mean(np.minimum(tiles.reference, 1.0))
    even = tiles.usable & (tiles.spread < np.minimum(EVEN * (1 - light), MIXED * light) + 0.01)
    return TileDensities(copy, reference, even)


def ink_amounts(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amounts of cyan, magenta and yellow for densities in R, G and B, shape (..., 3); equal amounts make a gray."""
    return np.asarray(density @ _UNMIX.T)


def tone_shares(seen: TileDensities, low: float, high: float) -> tuple[Share | None, ...]:
    """Density in R, G and B as a share of what was ordered, over even tiles ordered between two densities."""
    mean = seen.ordered
    used = seen.even & (mean > low) & (mean < high)
    return tuple(_slope(seen.reference[used, c], seen.copy[used, c]) for c in range(3))


def neutral_shares(seen: TileDensities) -> tuple[Share | None, ...]:
    """The same over tiles that were ordered nearly gray."""
    reference, mean = seen.reference, seen.ordered
    used = seen.even & (mean > MID[0]) & (channel_max(reference) - channel_min(reference) < 0.25 * mean)
    return tuple(_slope(reference[used, c], seen.copy[used, c]) for c in range(3))


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
        scatter = max(mad(ratio - value), 1e-3)
        pull = weight * huber_weights(ratio - value, 1.5 * scatter)
        value = float((pull * ratio).sum() / pull.sum())
    effective = float(pull.sum() ** 2 / (pull**2).sum()) / 4
    return Share(value, scatter / float(np.sqrt(max(effective, 1.0))), n)
