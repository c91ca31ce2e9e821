"""The colors of the pages of a copy, tile by tile: small enough to be stored, so that copies are compared without their scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import PAPER_LAB, carries_print, ciede2000, lab_to_xyz, linear_rgb_to_lab, xyz_to_lab
from qc.features.lamp import lamp_taken_out
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Affine, Size

Lab = NDArray[np.float64]


@dataclass(frozen=True)
class ColorTiles:
    """L*a*b* (D50) of the tiles of a page and of what it is compared with, each relative to its own paper.

    Attributes
    ----------
    reference, copy : ndarray, shape (rows, cols, 3), float16
        Some 30 kB a page together; float16 is good to 0.03. `copy` is relative to the scanner's white where `paper` is None.
    usable : ndarray, shape (rows, cols), bool
        Inside the page, away from its rim, and flat.
    to_mm : Affine
        Tile column and row (centers at integers) -> page-frame mm, without a turn.
    trim : Size
    paper : ndarray, shape (3,), or None
        L*a*b* of the copy's bare paper as scanned; None where the page shows none.
    kind, meaning : str
        How the RGB of the scan was understood, and the same for two scans whose RGB means the same (`ScanColor.kind`, `.id`).
    u : float
        Standard uncertainty of a color of the copy, dE00.
    borrowed : bool
        `paper` is not what this page shows, but that of other pages.
    """

    reference: NDArray[np.float16]
    copy: NDArray[np.float16]
    usable: NDArray[np.bool_]
    to_mm: Affine
    trim: Size
    paper: Lab | None = None
    kind: str = "srgb"
    meaning: str = "srgb"
    u: float = 0.0
    borrowed: bool = False

    def printed(self) -> NDArray[np.bool_]:
        """Tiles with colors to compare, as one of the two carries print there, shape (rows, cols)."""
        return self.usable & (carries_print(self.reference) | carries_print(self.copy))

    def difference(self) -> Lab:
        """CIEDE2000 of each tile, shape (rows, cols); NaN where there is nothing to compare."""
        found = np.full(self.reference.shape[:2], np.nan)
        on = self.printed()
        found[on] = ciede2000(self.reference[on].astype(np.float64), self.copy[on].astype(np.float64))
        return found

    def on_paper(self, paper: Lab | None) -> ColorTiles:
        """The same, `copy` relative to `paper`: L*a*b* as scanned, None for the scanner's white."""
        if self.paper is paper:
            return self
        own, other = (lab_to_xyz(PAPER_LAB if p is None else p) for p in (self.paper, paper))
        copy = xyz_to_lab(lab_to_xyz(self.copy.astype(np.float64)) * own / other)
        return replace(self, copy=copy.astype(np.float16), paper=paper, borrowed=paper is not None)


def color_tiles(tiles: PageTiles, trim: Size) -> ColorTiles:
    """The colors of a registered page."""
    colors, paper = tiles.colors, tiles.paper
    copy = np.asarray(tiles.copy, np.float64)
    return ColorTiles(
        linear_rgb_to_lab(np.asarray(tiles.reference, np.float64)).astype(np.float16),
        (colors.lab(copy) if paper is None else colors.lab_on_paper(copy, paper)).astype(np.float16),
        tiles.usable,
        tiles.to_mm,
        trim,
        None if paper is None else colors.lab(paper),
        colors.kind,
        colors.id,
        colors.u,
    )


def copy_colors(pages: Sequence[ScannedPage], trims: Mapping[int, Size]) -> dict[int, ColorTiles]:
    """The colors of the registered pages of a copy, without the unevenness of the lamp; all by position."""
    return {p.position: color_tiles(p.tiles, trims[p.position]) for p in lamp_taken_out(pages)}
