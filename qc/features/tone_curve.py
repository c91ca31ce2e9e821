"""How press and scanner together render the tones of the file, learned from the copy itself.

A file says how light a tone is; what a sound copy shows there depends on dot gain, paper, black, the scanner's tone curve and
its driver. None of them is a fault, so a page is held against what the other pages of its copy show, not against the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.features.tiles import PageTiles, ScannedPage
from qc.stats import mad

EVEN = 0.35
"""Deviation within a tile, as a share of its darkness, up to which its mean is a tone."""
STEPS = 20
"""Of tone between black and white, evenly in lightness."""
FEW_TILES = 4
UNPRINTED, FEW_BARE = 0.9, 6
"""Share of a tile without print, and number of such tiles, that show what paper looks like."""
LEAST_SCATTER = 0.006
SAME_TINT, GROUND_SHARE, LEAST_GROUND = 0.01, 0.15, 0.6
"""Light by which the tiles of a ground differ at most, the share of the page that shows it beside the print, and the light it
has at the least."""
LEAST_VISIBLE = 0.45
"""Darkness of the file (share of light that is gone) that shows under every tone curve known: a file's 50 % gray printed
without dot gain, on a scanner that clips the lightest sixth to white, still loses a third of the light."""
NEVER_LOST = 0.4
"""Share of that darkness beyond `LEAST_VISIBLE` which such a curve still shows."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ToneCurve:
    """The copy's tones: `level` (share of paper's light) at `at` (light ordered, relative to paper), both rising to 1, and on
    how many pages each step was seen.

    `pages` is 0 where no page shows a tone at that step; the level is then interpolated.
    """

    at: Array
    level: Array
    pages: NDArray[np.int64]
    scatter: float

    def __call__(self, ordered: Array) -> Array:
        """Share of paper's light that the copy shows where `ordered` was ordered, any shape."""
        return np.asarray(np.interp(ordered, self.at, self.level))

    def least_darkness(self, ordered: Array) -> Array:
        """Share of light that print of this tone surely takes on this copy, if it is there; any shape.

        Notes
        -----
        A tone that two pages show or that lies beyond one that they show is as dark as there, less the scatter of the pages.
        Darker than any tone shown, what every tone curve renders counts (`LEAST_VISIBLE`).
        """
        seen = self.pages >= 2
        shown = np.where(seen, 1 - self.level - 2 * self.scatter, 0.0)
        # A tone is at least as dark as a lighter one.
        shown = np.maximum.accumulate(shown[::-1])[::-1]
        known = np.interp(ordered, self.at, shown)
        anyway = NEVER_LOST * (1 - np.asarray(ordered) - LEAST_VISIBLE)
        return np.asarray(np.clip(np.maximum(known, anyway), 0, None))


def shares(tiles: PageTiles, paper: Array) -> Array:
    """Light of the tiles of a page as a share of its paper's, the mean of the channels."""
    return np.asarray((tiles.copy / paper).mean(axis=2), np.float64)


@dataclass(frozen=True)
class BarePaper:
    """What unprinted tiles of a copy look like: their light (3,), by how much tiles and pages scatter about it (a share of it),
    and the grain within a tile that hardly any exceeds (a share of its light). `ordered` is 1 but on a page that is colored all
    over: there it is the light of the color that lies under everything else."""

    light: Array
    scatter: float
    grain: float
    ordered: float = 1.0


def bare_paper(pages: Sequence[ScannedPage]) -> BarePaper | None:
    """The bare paper of some pages of a copy, the lamp taken out; None where they show too little of it."""
    levels, off, grains = [], [], []
    for page in pages:
        tiles = page.tiles
        if tiles.paper is None or tiles.bare is None or tiles.grain is None:
            continue
        unprinted = tiles.usable & (tiles.bare > UNPRINTED)
        if np.count_nonzero(unprinted) < FEW_BARE:
            continue
        shown = shares(tiles, tiles.paper)[unprinted]
        levels.append(tiles.paper)
        off.append(mad(shown - np.median(shown)))
        grains.append(float(np.quantile((tiles.grain / np.maximum(tiles.copy.mean(axis=2), 0.05))[unprinted], 0.95)))
    if not levels:
        return None
    light = np.median(np.array(levels), axis=0)
    apart = np.array(levels).mean(axis=1) / light.mean() - 1
    scatter = float(np.hypot(np.median(off), mad(apart)))
    return BarePaper(light, max(scatter, LEAST_SCATTER), float(np.median(grains)))


def ground_color(page: ScannedPage) -> BarePaper | None:
    """The color that lies under all else on a page, as `BarePaper`; None where no light tint covers a good part of it."""
    tiles = page.tiles
    if tiles.grain is None:
        return None
    even = even_tones(tiles)
    ordered = np.minimum(tiles.reference, 1.0).mean(axis=2)
    if np.count_nonzero(even) < FEW_BARE:
        return None
    tint = float(np.quantile(ordered[even], 0.9))
    ground = even & (np.abs(ordered - tint) < SAME_TINT)
    few = np.count_nonzero(ground) < max(GROUND_SHARE * np.count_nonzero(tiles.usable), FEW_BARE)
    if tint < LEAST_GROUND or few:
        return None
    light = np.median(tiles.copy[ground], axis=0)
    shown = shares(tiles, light)[ground]
    scatter = max(mad(shown - 1), LEAST_SCATTER)
    grain = float(np.quantile((tiles.grain / np.maximum(tiles.copy.mean(axis=2), 0.05))[ground], 0.95))
    return BarePaper(light, scatter, grain, tint)


def even_tones(tiles: PageTiles) -> NDArray[np.bool_]:
    """Tiles whose mean is a tone, bare paper included: no letters, lines or edges."""
    darkness = 1 - np.minimum(tiles.reference, 1.0).mean(axis=2)
    return np.asarray(tiles.usable & (tiles.spread < EVEN * darkness + 0.01))


def tone_curve(pages: Sequence[ScannedPage]) -> ToneCurve:
    """The tone curve of a copy, from the even tiles of its pages, the lamp taken out.

    Notes
    -----
    Each step is the median over pages of what each page shows there in the median, so that a few faulty pages, or a fault on
    a part of a page, do not move it; then it is made to rise. A copy of which most pages lost a tone alike has that as its
    curve.
    """
    edges = np.linspace(0, 1, STEPS + 1)
    ordered_by: list[list[float]] = [[] for _ in range(STEPS)]
    shown_by: list[list[float]] = [[] for _ in range(STEPS)]
    for page in pages:
        tiles = page.tiles
        paper = tiles.paper
        if paper is None:
            continue
        even = even_tones(tiles)
        ordered = np.minimum(tiles.reference, 1.0).mean(axis=2)[even]
        shown = shares(tiles, paper)[even]
        step = np.minimum((np.cbrt(ordered) * STEPS).astype(int), STEPS - 1)
        for k in np.unique(step):
            here = step == k
            if here.sum() >= FEW_TILES:
                ordered_by[k].append(float(np.median(ordered[here])))
                shown_by[k].append(float(np.median(shown[here])))
    at, level, count, off = [0.0], [np.nan], [0], []
    for k in range(STEPS - 1):
        if shown_by[k]:
            at.append(float(np.median(ordered_by[k])))
            level.append(float(np.median(shown_by[k])))
            count.append(len(shown_by[k]))
            off += [abs(v - level[-1]) for v in shown_by[k] if len(shown_by[k]) > 2]
        else:
            at.append(float(((edges[k] + edges[k + 1]) / 2) ** 3))
            level.append(np.nan)
            count.append(0)
    places, levels = np.array([*at, 1.0]), np.array([*level, 1.0])
    known = np.isfinite(levels)
    if not known[: len(levels) // 2].any():
        # No dark tone is shown: black is taken for black.
        levels[0], known[0] = 0.0, True
    levels[known] = _rising(levels[known], np.array([*count, 1])[known])
    levels = np.interp(places, places[known], levels[known])
    scatter = mad(off) if off else 0.05
    return ToneCurve(places, levels, np.array([*count, len(pages)]), max(scatter, 0.01))


def _rising(values: Array, weights: NDArray[np.int64]) -> Array:
    """The nearest values that do not fall, by pooling neighbors that do."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, np.maximum(weights, 1), strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v, w, n = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + v * w) / (last[1] + w)
            last[1] += w
            last[2] += n
    return np.concatenate([np.full(int(n), v) for v, _, n in blocks])
