"""The colors of one page and of what it is compared with, tile by tile: small enough to keep for a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import PRINTED, ColorTiles, linear_rgb_to_lab
from qc.features.tiles import PageTiles
from qc.geometry import Affine, Size


def color_tiles(
    reference: NDArray[np.float64], copy: NDArray[np.float64], printed: NDArray[np.bool_], to_mm: Affine, trim: Size
) -> ColorTiles:
    """`ColorTiles` of L*a*b*, shape (n, 3), of the n tiles that are `printed`, row by row."""
    grids = []
    for lab in (reference, copy):
        grid = np.full((*printed.shape, 3), np.nan, np.float16)
        grid[printed] = lab
        grids.append(grid)
    return ColorTiles(grids[0], grids[1], to_mm, trim)


def against_reference(tiles: PageTiles, trim: Size) -> ColorTiles | None:
    """The colors of a registered page; None where it shows no bare paper."""
    if tiles.paper is None:
        return None
    share = tiles.copy / tiles.paper
    on = tiles.usable & printed_tiles(tiles.reference, share)
    lab = tiles.colors.lab_on_paper(tiles.copy[on], tiles.paper)
    return color_tiles(linear_rgb_to_lab(tiles.reference[on]), lab, on, tiles.to_mm, trim)


def printed_tiles(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tiles, as light relative to paper, that carry print in one of the two; shape (rows, cols)."""
    return np.asarray(np.minimum(first, second).min(axis=2) < PRINTED)
