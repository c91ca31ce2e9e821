"""The color of one page on tiles of averaged light, and how two such pages differ: over the page and where most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import ciede2000
from qc.normalize.scan_color import SRGB, ScanColor

PRINTED = 0.97
"""A tile darker than this share of the paper carries print."""
MIN_TILES = 12
COLORED = 10.0
"""Chroma that a tenth of the printed tiles must reach for a page to count as printed in color."""
CHROMATIC = 5.0
"""Below this chroma a hue is noise."""
REGION_TILES = 4
"""A region is a square of so many tiles, 14 mm: as small as a fault that is seen at arm's length, and wide enough that
its mean is not one tile's noise."""
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "center", "right")


@dataclass(frozen=True)
class PageColor:
    """One page of one copy on tiles that are the same for all copies.

    Attributes
    ----------
    tiles : ndarray, shape (rows, cols, 3), float64
        Mean light of each tile relative to `white`.
    paper : ndarray, shape (3,), or None
        Light of the copy's own paper, as scanned on this page; None where the page shows none.
    corner_mm : tuple of float
        Left upper corner of the first tile in the page frame.
    step_mm : float
        Width and height of a tile.
    usable : ndarray, shape (rows, cols), bool, or None
        Tiles that can be compared; None: all.
    as_scanned : bool
        Relative to the scanner's white, as no page of any copy shows paper.
    white : ndarray, shape (3,)
        Light of the paper in the middle of the page, or what stands for it.
    colors : ScanColor
        What the light means.
    """

    tiles: NDArray[np.float64]
    paper: NDArray[np.float64] | None
    corner_mm: tuple[float, float] = (0.0, 0.0)
    step_mm: float = 1.0
    usable: NDArray[np.bool_] | None = None
    as_scanned: bool = False
    white: NDArray[np.float64] = field(default_factory=lambda: np.ones(3))
    colors: ScanColor = SRGB

    @property
    def printed(self) -> NDArray[np.bool_]:
        """Tiles that carry print, shape (rows, cols)."""
        return np.asarray(self.tiles.min(axis=2) < PRINTED)

    @cached_property
    def lab(self) -> NDArray[np.float64]:
        """L*a*b* (D50) of the tiles, the paper at L* = 100, shape (rows, cols, 3)."""
        return self.colors.lab_on_paper(self.tiles * self.white, self.white)


def usable(pages: Iterable[PageColor]) -> NDArray[np.bool_]:
    """Tiles that can be compared on all of the pages, shape (rows, cols) or ()."""
    known = [p.usable for p in pages if p.usable is not None]
    return np.all(known, axis=0) if known else np.array(True)


def difference(
    first: NDArray[np.float64], second: NDArray[np.float64], printed: NDArray[np.bool_], page: PageColor
) -> tuple[float, dict[str, Any]]:
    """Mean CIEDE2000 of the printed tiles, and its details.

    Parameters
    ----------
    first, second : ndarray, shape (rows, cols, 3)
        L*a*b* of the tiles; signs are those of `second` minus `first`.
    printed : ndarray, shape (rows, cols)
        Tiles to compare, at least one.
    page : PageColor
        Where the tiles lie.

    Returns
    -------
    value : float
    detail : dict
        median and p95 of the tiles' differences; the median signed shifts dL, dC, dh (degrees; None where little is
        colored), da, db, and `shift`, CIEDE2000 of (dL, da, db) at the middle color; `chroma`, reached by a tenth of the
        tiles in either; number of `tiles`; and `region`, the square of `REGION_TILES` where the mean is largest.
    """
    each = np.where(printed, ciede2000(first, second), 0.0)
    values = each[printed]
    shift = np.median((second - first)[printed], axis=0)
    middle = np.median(first[printed], axis=0)
    chroma = np.maximum(np.hypot(*first[printed][:, 1:].T), np.hypot(*second[printed][:, 1:].T))
    detail = {
        "median": round(float(np.median(values)), 3),
        "p95": round(float(np.quantile(values, 0.95)), 3),
        **_directions(first[printed], second[printed], MIN_TILES),
        "da": round(float(shift[1]), 3),
        "db": round(float(shift[2]), 3),
        "shift": round(float(ciede2000(middle, middle + shift)), 3),
        "chroma": round(float(np.quantile(chroma, 0.9)), 2),
        "tiles": int(printed.sum()),
        "region": _worst_region(each, first, second, printed, page),
    }
    return float(values.mean()), detail


def _directions(first: NDArray[np.float64], second: NDArray[np.float64], least: int) -> dict[str, float | None]:
    chroma, chroma_2 = (np.hypot(*lab[:, 1:].T) for lab in (first, second))
    colored = np.minimum(chroma, chroma_2) > CHROMATIC
    turn = np.rad2deg(np.arctan2(second[:, 2], second[:, 1]) - np.arctan2(first[:, 2], first[:, 1]))
    turn = (turn[colored] + 180) % 360 - 180
    return {
        "dL": round(float(np.median(second[:, 0] - first[:, 0])), 3),
        "dC": round(float(np.median(chroma_2 - chroma)), 3),
        "dh": round(float(np.median(turn)), 2) if len(turn) >= least else None,
    }


def _worst_region(
    each: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    printed: NDArray[np.bool_],
    page: PageColor,
) -> dict[str, Any] | None:
    """The square of tiles, half of them printed, whose printed tiles differ most in the mean; None if there is none."""
    rows, cols = printed.shape
    size = min(REGION_TILES, rows, cols)
    count = _sums(printed.astype(float), size)
    mean = np.where(count >= 0.5 * size * size, _sums(each, size) / np.maximum(count, 1), -1.0)
    row, col = (int(i) for i in np.unravel_index(int(mean.argmax()), mean.shape))
    if mean[row, col] < 0:
        return None
    part = (slice(row, row + size), slice(col, col + size))
    own = printed[part]
    x, y = (corner + page.step_mm * at for corner, at in zip(page.corner_mm, (col, row), strict=True))
    side = page.step_mm * size
    return {
        "dE00": round(float(mean[row, col]), 3),
        **_directions(first[part][own], second[part][own], size),
        "box_mm": [round(v, 1) for v in (x, y, x + side, y + side)],
        "place": _place((row + size / 2) / rows, (col + size / 2) / cols),
    }


def _sums(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size))
    return np.asarray(windows.sum(axis=(2, 3)))


def _place(down: float, across: float) -> str:
    """Such as ``"upper left"``, of shares of the height and width."""
    row, column = _ROWS[min(int(3 * down), 2)], _COLUMNS[min(int(3 * across), 2)]
    return "center" if (row, column) == ("middle", "center") else f"{row} {column}"
