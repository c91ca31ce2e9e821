"""What press and scanner make of the colors of the file, learned from the tiles themselves: a cover shows no bare paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qc.features.tile_differences import MIN_TILES
from qc.features.tiles import PageTiles
from qc.stats import huber_weights, mad

ROUNDS = 5
LEAST_SPREAD = 0.004
"""Of the root of light: what halftone and noise leave in a tile of 3.4 mm."""
MIN_FOR_TONE = 10 * MIN_TILES
"""Tiles for 14 terms a channel: fewer would follow any fault."""


def colors_on_own_tone(sides: Sequence[PageTiles]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]] | None:
    """The colors that each of several sides should have by the tone of all of them, and those that it has.

    Parameters
    ----------
    sides : sequence of PageTiles
        Printed alike and scanned in color on one scanner.

    Returns
    -------
    list of (ndarray, ndarray), shapes (n, 3), or None
        Linear RGB of the usable tiles of each side; None where there are too few.

    Notes
    -----
    The root of light of each channel is fitted by a quadratic of the ordered one, and by one of the place on each side: the lamp.
    A fault over a smaller part of the sides stays outside of the fit, a cast over all of them is taken for tone.
    """
    rows, seen, owner = [], [], []
    for number, tiles in enumerate(sides):
        place = np.zeros((int(tiles.usable.sum()), 4 * len(sides)))
        y, x = (
            axis / max(n - 1, 1) - 0.5 for axis, n in zip(np.nonzero(tiles.usable), tiles.usable.shape, strict=True)
        )
        place[:, 4 * number : 4 * number + 4] = np.column_stack([x, y, x * x, y * y])
        r, g, b = np.sqrt(np.clip(tiles.reference[tiles.usable].astype(np.float64), 0, 1)).T
        tone = np.column_stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, r * b])
        rows.append(np.hstack([tone, place]))
        seen.append(np.sqrt(np.clip(tiles.copy[tiles.usable].astype(np.float64), 0, None)))
        owner.append(np.full(len(r), number))
    design, roots, which = np.vstack(rows), np.vstack(seen), np.concatenate(owner)
    if len(design) < MIN_FOR_TONE:
        return None
    meant = np.column_stack([design @ _robust_fit(design, channel) for channel in roots.T])
    return [(meant[which == n] ** 2, roots[which == n] ** 2) for n in range(len(sides))]


def _robust_fit(design: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.ones(len(values))
    for _ in range(ROUNDS):
        root = np.sqrt(weights)[:, None]
        coefficients = np.linalg.lstsq(design * root, values * root[:, 0], rcond=1e-6)[0]
        off = values - design @ coefficients
        weights = huber_weights(off, 1.5 * max(mad(off), LEAST_SPREAD))
    return np.asarray(coefficients)
