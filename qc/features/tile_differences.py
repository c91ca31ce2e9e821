"""How the colors of tiles differ: over a page, and over the square of it where they differ most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import ciede2000
from qc.geometry import Affine

MIN_TILES = 12
COLORED = 10.0
"""Chroma that a tenth of the printed tiles must reach for a page to count as printed in color."""
CHROMATIC = 5.0
"""Below this chroma a hue is noise."""
REGION_TILES = 4
"""A region is a square of so many tiles, 14 mm: as small as a fault that is seen at arm's length, and wide enough that
its mean is not one tile's noise."""
Lab = NDArray[np.float64]
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "center", "right")


def tile_differences(first: Lab, second: Lab) -> tuple[float, dict[str, Any]]:
    """Mean CIEDE2000 of tiles, and its details.

    Parameters
    ----------
    first, second : ndarray, shape (n, 3)
        L*a*b* of the same tiles, at least one; signs are those of `second` minus `first`.

    Returns
    -------
    value : float
    detail : dict
        median and p95 of the tiles' differences; the median signed shifts dL, dC, dh (degrees; None where little is
        colored), da, db; `chroma`, reached by a tenth of the tiles of `first`; and the number of `tiles`.
    """
    each = ciede2000(first, second)
    shift = np.median(second - first, axis=0)
    detail = {
        "median": round(float(np.median(each)), 3),
        "p95": round(float(np.quantile(each, 0.95)), 3),
        **_directions(first, second, MIN_TILES),
        "da": round(float(shift[1]), 3),
        "db": round(float(shift[2]), 3),
        "chroma": _high_chroma(first),
        "tiles": len(first),
    }
    return float(each.mean()), detail


def page_differences(
    first: Lab, second: Lab, printed: NDArray[np.bool_], usable: NDArray[np.bool_], to_mm: Affine
) -> tuple[float, dict[str, Any]]:
    """`tile_differences` of the printed tiles of a page, and where on it they are largest.

    Parameters
    ----------
    first, second : ndarray, shape (rows, cols, 3)
        L*a*b* of the tiles.
    printed : ndarray, shape (rows, cols)
        Tiles to compare, at least one.
    usable : ndarray, shape (rows, cols)
        Tiles inside the page.
    to_mm : Affine
        Tile column and row (centers at integers) -> page-frame mm.

    Returns
    -------
    value : float
    detail : dict
        As of `tile_differences`, but `chroma` of either; with `shift`, CIEDE2000 of (dL, da, db) at the middle color, and
        `region`, the square of `REGION_TILES` where the mean is largest.
    """
    own = first[printed], second[printed]
    value, detail = tile_differences(*own)
    middle = np.median(own[0], axis=0)
    moved = middle + np.median(own[1] - own[0], axis=0)
    detail |= {
        "shift": round(float(ciede2000(middle, moved)), 3),
        "chroma": _high_chroma(*own),
        "region": _worst_region(first, second, printed, usable, to_mm),
    }
    return value, detail


def _high_chroma(*labs: Lab) -> float:
    chroma = np.max([np.hypot(*lab[:, 1:].T) for lab in labs], axis=0)
    return round(float(np.quantile(chroma, 0.9)), 2)


def _directions(first: Lab, second: Lab, least: int) -> dict[str, float | None]:
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
    first: Lab, second: Lab, printed: NDArray[np.bool_], usable: NDArray[np.bool_], to_mm: Affine
) -> dict[str, Any] | None:
    """The square of tiles, half of them printed, whose printed tiles differ most in the mean; None if there is none."""
    top, left = (int(np.argmax(usable.any(axis=axis))) for axis in (1, 0))
    rows, cols = (int(usable.any(axis=axis).sum()) for axis in (1, 0))
    page = (slice(top, top + rows), slice(left, left + cols))
    first, second, printed = first[page], second[page], printed[page]
    size = min(REGION_TILES, rows, cols)
    each = np.zeros(printed.shape)
    each[printed] = ciede2000(first[printed], second[printed])
    count = _sums(printed.astype(float), size)
    mean = np.where(count >= 0.5 * size * size, _sums(each, size) / np.maximum(count, 1), -1.0)
    row, col = (int(i) for i in np.unravel_index(int(mean.argmax()), mean.shape))
    if mean[row, col] < 0:
        return None
    part = (slice(row, row + size), slice(col, col + size))
    own = printed[part]
    corners = to_mm(np.array([[col, row], [col + size, row + size]]) + np.array([left, top]) - 0.5)
    return {
        "dE00": round(float(mean[row, col]), 3),
        **_directions(first[part][own], second[part][own], size),
        "box_mm": np.round(corners.ravel(), 1).tolist(),
        "place": _place((row + size / 2) / rows, (col + size / 2) / cols),
    }


def _sums(values: Lab, size: int) -> Lab:
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size))
    return np.asarray(windows.sum(axis=(2, 3)))


def _place(down: float, across: float) -> str:
    """Such as ``"upper left"``, of shares of the height and width."""
    row, column = _ROWS[min(int(3 * down), 2)], _COLUMNS[min(int(3 * across), 2)]
    return "center" if (row, column) == ("middle", "center") else f"{row} {column}"
