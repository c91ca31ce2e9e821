"""Text that prints paler on one part of a page: no tint shows it, the contrast of the letters does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.evenness import Fade
from qc.tiles import PageTiles

TELLING = 0.05
"""Spread of a tile of the reference, in light, from which on it has letters or lines that tell."""
BANDS = 12
MANY = 120
"""Tiles with letters that a page of text has; a few lines, or a drawing, differ from line to line."""
CLIPPED, MOST_CLIPPED = 0.97, 0.1
FEW = 10
"""Tiles of a band that give a median."""
LEAST_BANDS = 2
"""Of a side; a paler word or heading is no side."""
U_CONTRAST = 0.12
"""Sound pages of text, drawn by two models, differ by up to 0.23 from side to side: focus, curl, bold against light lines."""
PICTURED = 0.02
"""Share of tiles that are dark or of an even tint, from which on a page is no page of text: pictures print otherwise."""


def text_fade(tiles: PageTiles) -> Fade | None:
    """How much weaker the print of one side of a page is than that of the other, by its letters.

    Parameters
    ----------
    tiles : PageTiles
        With `contrast`.

    Returns
    -------
    Fade or None
        `value` is the share of contrast that the paler side lacks, where the page is cut such that it is largest; None where
        too little of the page has letters, or too much has pictures.

    Notes
    -----
    Contrast is the copy's change of light with the reference's, over the light of the paper there, so that the lamp does not
    count. Fooled by a side that is out of focus.
    """
    if tiles.contrast is None:
        return None
    reference, copy = tiles.reference.mean(axis=2), tiles.copy.mean(axis=2)
    telling = tiles.usable & (tiles.spread > TELLING)
    if telling.sum() < MANY or _clipped(tiles):
        return None
    pictured = tiles.usable & ((reference < 0.45) | (~telling & (reference < 0.85)))
    if pictured.sum() > PICTURED * tiles.usable.sum():
        return None
    shown = tiles.contrast / np.maximum(copy / np.maximum(reference, 0.2), 0.05)
    found = [
        fade
        for values, mask, names in ((shown, telling, ("head", "tail")), (shown.T, telling.T, ("left", "right")))
        if (fade := _side(values, mask, names)) is not None
    ]
    return max(found, key=lambda f: f.value, default=None)


def _clipped(tiles: PageTiles) -> bool:
    """Whether bare paper is clipped to white: letters then lose contrast where the lamp is bright."""
    if tiles.bare is None or tiles.bare_light is None:
        return False
    light = tiles.bare_light.max(axis=2)[tiles.usable & (tiles.bare > 0.3)]
    return bool(light.size and (light > CLIPPED * tiles.colors.decode[-1]).mean() > MOST_CLIPPED)


def _side(shown: NDArray[np.float64], telling: NDArray[np.bool_], names: tuple[str, str]) -> Fade | None:
    bands = [b for b in np.array_split(np.arange(len(shown)), BANDS) if telling[b].sum() >= FEW]
    medians = np.array([np.median(shown[b][telling[b]]) for b in bands])
    cuts = range(LEAST_BANDS, len(medians) - LEAST_BANDS + 1)
    splits = [(float(np.median(medians[:k])), float(np.median(medians[k:]))) for k in cuts]
    if not splits:
        return None
    first, last = min(splits, key=lambda pair: min(pair) / max(max(pair), 1e-3))
    value = 1 - min(first, last) / max(first, last, 1e-3)
    return Fade(float(value), U_CONTRAST, names[0] if first < last else names[1])
