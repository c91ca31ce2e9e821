"""The pair of copies and the page whose colors differ most: its tiles are kept for a picture, all others are let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.color_tiles import ColorTiles, color_tiles, printed_tiles
from qc.colorimetry import linear_rgb_to_lab
from qc.geometry import Affine, Size, pixel_scaling
from qc.measure.between_copies import PageColor
from qc.model import Observation
from qc.rectify import TILE_PX, TILE_RIM_MM, raster


@dataclass(frozen=True)
class PairTiles:
    """One page of two copies: the first stands as `reference` in `tiles`; `page` is counted in the base copy."""

    copies: tuple[str, str]
    page: int
    tiles: ColorTiles


class WorstPair:
    """Keeps the tiles of the largest `copy-color-difference` that it was offered."""

    def __init__(self) -> None:
        self.found: PairTiles | None = None
        self._value = 0.0

    def offer(self, seen: Sequence[Observation], colors: Mapping[str, PageColor], trim: Size) -> None:
        """Differences of one page, for each pair of copies, and the tiles they were taken from."""
        for o in seen:
            if o.value is None or o.where.page is None or o.where.copies is None or o.value <= self._value:
                continue
            a, b = o.where.copies
            self._value = o.value
            self.found = PairTiles((a, b), o.where.page, pair_tiles(colors[a].tiles, colors[b].tiles, trim))


def pair_tiles(first: NDArray[np.float64], second: NDArray[np.float64], trim: Size) -> ColorTiles:
    """Tiles of two copies of a page, linear RGB relative to paper in the order of `qc.rectify.tiles`, as `ColorTiles`."""
    to_raster, _ = raster(trim)
    x0, y0 = np.ceil(to_raster((TILE_RIM_MM, TILE_RIM_MM))).astype(int)
    x1, _ = np.floor(to_raster((trim.width_mm - TILE_RIM_MM, trim.height_mm - TILE_RIM_MM))).astype(int)
    cols = (x1 - x0) // TILE_PX
    to_mm = to_raster.inverse().after(Affine.shift(x0, y0)).after(pixel_scaling(1 / TILE_PX, 1 / TILE_PX).inverse())
    a, b = first.reshape(-1, cols, 3), second.reshape(-1, cols, 3)
    on = printed_tiles(a, b)
    return color_tiles(linear_rgb_to_lab(a[on]), linear_rgb_to_lab(b[on]), on, to_mm, trim)
