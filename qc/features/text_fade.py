"""Text that prints paler on one part of a page: no tint shows it, the contrast of the letters does."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_max, channel_mean, channel_min
from qc.features.evenness import Fade
from qc.features.tiles import PageTiles
from qc.stats import huber_weights, mad, median

Array = NDArray[np.float64]

COLORED = 0.03
"""Difference of the channels from which on a tile is colored."""
AROUND = 3.0
"""Reach of the paper nearby, in tiles of 3.6 mm."""
LEAST_BARE, LEAST_LIGHT = 0.02, 0.01
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
U_CONTRAST = 0.1
"""347 sound pages of text and lines, drawn by two models, read 0.10 (95 %), 0.18 (99 %), 0.23 (all)."""
LEAST_CONTRAST = 0.1
CLIP = 2.0
"""Residuals beyond this many scatters count less: a side that faded is not the letters' usual contrast."""
LEAST_OF_INK = 0.5
"""Share of the lost contrast that the ink must have lost, too; the amount of ink of thin lines is known to a third."""
PICTURED = 0.02
"""Share of tiles that are dark or of an even tint, from which on a page is no page of text: pictures print otherwise."""


def letter_contrast(pages: Iterable[PageTiles]) -> Array | None:
    """Coefficients of the contrast that letters of a size and weight usually have in this copy.

    Parameters
    ----------
    pages : iterable of PageTiles

    Returns
    -------
    ndarray, shape (5,), or None
        For `text_fade`; None where the copy has too few letters.

    Notes
    -----
    Fine letters lose contrast to the scanner's blur, bold ones keep it. Robust against pages and sides that are pale.
    """
    designs, targets = [np.zeros((0, 5))], [np.zeros(0)]
    for tiles in pages:
        shown = _shown(tiles)
        mask = _telling(tiles) & np.isfinite(shown)
        designs.append(_features(tiles)[mask])
        targets.append(shown[mask])
    design, target = np.concatenate(designs), np.concatenate(targets)
    if len(target) < MANY:
        return None
    weights = np.ones(len(target))
    for _ in range(6):
        weighted = design * weights[:, None]
        coefficients = np.linalg.solve(weighted.T @ design + 1e-3 * np.eye(design.shape[1]), weighted.T @ target)
        off = target - design @ coefficients
        weights = huber_weights(off, CLIP * max(mad(off), 1e-3))
    return np.asarray(coefficients)


def text_fade(tiles: PageTiles, usual: Array | None) -> Fade | None:
    """How much weaker the print of one side of a page is than that of the other, by its letters.

    Parameters
    ----------
    tiles : PageTiles
    usual : ndarray or None
        From `letter_contrast`, of all pages of the copy.

    Returns
    -------
    Fade or None
        `value` is the share of contrast that the paler side lacks, where the page is cut such that it is largest; None where
        too little of the page has letters, or too much has pictures.

    Notes
    -----
    Contrast is the copy's change of light with the reference's, over the light of the paper nearby, so that the lamp does not
    count, and over what such letters usually have. Where lines lie beside their place, contrast is lost and the amount of ink is
    not: no fade. Letters at 0.6 of their density keep 0.88 of their contrast, as dense ink lets little light through either
    way. Fooled by a side that is out of focus.
    """
    if usual is None:
        return None
    telling = _telling(tiles)
    if telling.sum() < MANY or _clipped(tiles):
        return None
    reference = channel_mean(tiles.reference)
    pictured = tiles.usable & ((reference < 0.45) | (~telling & (reference < 0.85)))
    if pictured.sum() > PICTURED * tiles.usable.sum():
        return None
    shown = _shown(tiles) / np.maximum(_features(tiles) @ usual, LEAST_CONTRAST)
    telling &= np.isfinite(shown)
    amount = (1 - channel_mean(tiles.copy) / _paper(tiles)) / np.maximum(1 - reference, 1e-3)
    found = [
        fade
        for v, a, mask, names in (
            (shown, amount, telling, ("head", "tail")),
            (shown.T, amount.T, telling.T, ("left", "right")),
        )
        if (fade := _side(v, a, mask, names)) is not None
    ]
    return max(found, key=lambda f: f.value, default=None)


def _telling(tiles: PageTiles) -> NDArray[np.bool_]:
    """Tiles with letters or lines in gray; none where the contrast is not known."""
    if tiles.contrast is None or tiles.bare is None or tiles.bare_light is None:
        return np.zeros(tiles.usable.shape, bool)
    return np.asarray(
        tiles.usable
        & (tiles.spread > TELLING)
        & (channel_max(tiles.reference) - channel_min(tiles.reference) < COLORED)
    )


def _shown(tiles: PageTiles) -> Array:
    """Contrast of each tile as a share of the light of the paper around; not a number where there is none."""
    if tiles.contrast is None:
        return np.full(tiles.usable.shape, np.nan)
    return np.asarray(tiles.contrast / _paper(tiles), np.float64)


def _paper(tiles: PageTiles) -> Array:
    """Light of the paper around each tile; not a number where there is none."""
    if tiles.bare is None or tiles.bare_light is None:
        return np.full(tiles.usable.shape, np.nan)
    bare = np.asarray(tiles.bare, np.float32)
    shown = channel_mean(np.asarray(tiles.bare_light, np.float32)) * bare
    light, share = (cv2.GaussianBlur(v, (0, 0), AROUND) for v in (shown, bare))
    paper = np.where(share > LEAST_BARE, light / np.maximum(share, LEAST_BARE), np.nan)
    return np.asarray(np.maximum(paper, LEAST_LIGHT), np.float64)


def _features(tiles: PageTiles) -> Array:
    """What the contrast of letters goes with, shape (rows, cols, 5): how much is printed, and how coarse it is."""
    dark = 1 - channel_mean(tiles.reference).astype(np.float64)
    # The spread of ink that is either there or not is dark * (1 - dark); at 50 dpi strokes and gaps run together.
    coarse = np.square(tiles.spread) / np.maximum(dark * (1 - dark), 1e-3)
    return np.stack([np.ones_like(dark), coarse, coarse**2, dark, dark * coarse], axis=-1)


def _clipped(tiles: PageTiles) -> bool:
    """Whether bare paper is clipped to white: letters then lose contrast where the lamp is bright."""
    if tiles.bare is None or tiles.bare_light is None:
        return False
    light = channel_max(tiles.bare_light)[tiles.usable & (tiles.bare > 0.3)]
    return bool(light.size and (light > CLIPPED * tiles.colors.decode[-1]).mean() > MOST_CLIPPED)


def _side(shown: Array, amount: Array, telling: NDArray[np.bool_], names: tuple[str, str]) -> Fade | None:
    bands = [b for b in np.array_split(np.arange(len(shown)), BANDS) if telling[b].sum() >= FEW]
    contrast, ink = (np.array([median(v[b][telling[b]]) for b in bands]) for v in (shown, amount))
    splits = [(_halves(contrast, k), _halves(ink, k)) for k in range(LEAST_BANDS, len(bands) - LEAST_BANDS + 1)]
    if not splits:
        return None
    (first, last), inks = min(splits, key=lambda split: min(split[0]) / max(*split[0], 1e-3))
    value = 1 - min(first, last) / max(first, last, 1e-3)
    pale, dark = inks if first < last else inks[::-1]
    lost = max(1 - pale / max(dark, 1e-3), 0.0)
    value = min(value, lost / LEAST_OF_INK)
    return Fade(float(value), U_CONTRAST, names[0] if first < last else names[1])


def _halves(values: Array, cut: int) -> tuple[float, float]:
    return median(values[:cut]), median(values[cut:])
