"""Registered page and reference averaged over the same tiles, in linear light: what tone and color are compared on.

Averaging gamma-coded values of a halftone is wrong by several units of color difference; averaging light is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_mean
from qc.features.page_maps import TILE_PX, PageMaps
from qc.geometry import Affine, pixel_scaling
from qc.normalize.scan_color import SRGB, ScanColor
from qc.resample import shrunk

Light = NDArray[Any]


@dataclass(frozen=True)
class PageTiles:
    """Linear RGB of the tiles of a page and of its reference.

    Attributes
    ----------
    copy, reference : ndarray, shape (rows, cols, 3), float64 or float32
        Relative to paper (1 = bare paper) for `reference`; as scanned for `copy`.
    usable : ndarray, shape (rows, cols), bool
        Inside the page, away from its rim.
    paper : ndarray, shape (3,), or None
        Linear RGB of the bare paper of this page; None where the page shows none.
    to_mm : Affine
        Tile column and row (centers at integers) -> page-frame mm.
    spread : ndarray, shape (rows, cols), float64 or float32
        Standard deviation of the reference's luminance within the tile; small where it has one even tone.
    colors : ScanColor
        What the light of `copy` and `paper` means.
    contrast : ndarray, shape (rows, cols), or None
        By how much the copy's light changes within the tile for each change of the reference's, whatever the light of the
        lamp: about that of paper where the print is there, 0 where it is not. It says something where `spread` does.
    bare : ndarray, shape (rows, cols), or None
        Share of the tile where the reference prints nothing, nor beside it.
    bare_light : ndarray, shape (rows, cols, 3), or None
        The copy's light there, 0 where there is none.
    grain : ndarray, shape (rows, cols), or None
        Standard deviation of the copy's light within the tile, at 50 dpi.
    u_lamp : ndarray, shape (rows, cols), or None
        Standard uncertainty of the logarithm of the light, by the lamp; None as scanned.
    """

    copy: Light
    reference: Light
    usable: NDArray[np.bool_]
    paper: NDArray[np.float64] | None
    to_mm: Affine
    spread: Light
    colors: ScanColor = SRGB
    contrast: Light | None = None
    bare: Light | None = None
    bare_light: Light | None = None
    grain: Light | None = None
    u_lamp: Light | None = None

    def compact(self) -> PageTiles:
        """The same in 32 bits and, what need not be exact, in 16: 100 kB for a page of 6 by 9 in. What is so already is shared."""
        exact = dict.fromkeys(("copy", "reference", "spread"), np.float32)
        # Rounded by 0.00025 of it at most, where paper scatters by 0.003.
        kinds = exact | dict.fromkeys(("bare_light", "contrast", "bare", "grain", "u_lamp"), np.float16)
        found = {name: (getattr(self, name), kind) for name, kind in kinds.items()}
        return replace(self, **{name: v.astype(kind, copy=False) for name, (v, kind) in found.items() if v is not None})

    def read(self) -> Self:
        """As `Tiles`: these are at hand."""
        return self

    def instead(self, tiles: PageTiles) -> PageTiles:
        """As `Tiles`."""
        return tiles


class Tiles(Protocol):
    """The tiles of a page wherever they are: at hand, or in a `qc.features.tile_file.TileFile`."""

    def read(self) -> PageTiles: ...

    def instead(self, tiles: PageTiles, /) -> Tiles:
        """Others, kept as these are."""
        ...


@dataclass(frozen=True)
class ScannedPage:
    """A registered page: its position, file and frame, where its tiles are, the map from page-frame mm to scan pixels, and
    whether it is a recto."""

    position: int
    scan: tuple[str, int]
    kept: Tiles
    to_scan: Affine
    recto: bool = True

    @property
    def tiles(self) -> PageTiles:
        """They may be read from a file: ask once, and hold those of few pages at a time."""
        return self.kept.read()


def page_tiles(maps: PageMaps, flat_mm: tuple[float, float] = (float("-inf"), float("inf"))) -> PageTiles:
    """Average page and reference over the same tiles, in linear light.

    Parameters
    ----------
    maps : PageMaps
    flat_mm : tuple of float
        Only what lies between these x of the page frame is usable; the rest is bent.
    """
    copy, ordered = maps.copy, maps.tiles
    shown = copy.reshape(-1, 3)[ordered["bare"]]
    paper = np.median(shown, axis=0).astype(np.float64) if len(shown) > 500 else None
    to_mm = maps.to_map.inverse().after(pixel_scaling(1 / TILE_PX, 1 / TILE_PX).inverse())
    copy_tiles = shrunk(copy, TILE_PX).astype(np.float64)
    usable = ordered["usable"]
    x_mm = to_mm(np.column_stack([np.arange(usable.shape[1]), np.zeros(usable.shape[1])]))[:, 0]
    usable = usable & (x_mm > flat_mm[0]) & (x_mm < flat_mm[1])
    reference_tiles, spread = (ordered[name].astype(np.float64) for name in ("mean", "spread"))
    contrast = _contrast(maps, copy_tiles, reference_tiles, spread)
    bare, bare_light, grain = _bare(maps)
    return PageTiles(
        copy_tiles, reference_tiles, usable, paper, to_mm, spread, maps.colors, contrast, bare, bare_light, grain
    )


def _bare(maps: PageMaps) -> tuple[Light, Light, Light]:
    unprinted = maps.tiles["unprinted"].astype(np.float32)
    bare = shrunk(unprinted, TILE_PX)
    bare_light = shrunk(maps.copy * unprinted[:, :, None], TILE_PX) / np.maximum(bare, 1e-6)[:, :, None]
    mean, square = shrunk(maps.light, TILE_PX), shrunk(maps.light * maps.light, TILE_PX)
    return bare, np.asarray(bare_light), np.asarray(np.sqrt(np.clip(square - mean * mean, 0, None)))


def _contrast(maps: PageMaps, copy: Light, reference: Light, spread: Light) -> Light:
    together = shrunk(np.asarray(maps.light * maps.reference, np.float32), TILE_PX)
    return np.asarray((together - channel_mean(copy) * channel_mean(reference)) / np.maximum(spread**2, 1e-6))
