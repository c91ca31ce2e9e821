"""Smooth curves over a uniform grid: cubic B-splines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def basis(at: ArrayLike, start: float, step: float, count: int) -> NDArray[np.float64]:
    """Values of `count` cubic B-splines, `step` apart, whose domain begins at `start`.

    Parameters
    ----------
    at : array_like, shape (n,)
        Places; those beyond the domain ``start`` to ``start + (count - 3) * step`` are taken at its end.
    start, step : float
    count : int
        At least 4.

    Returns
    -------
    ndarray, shape (n, count)
        Rows sum to 1.
    """
    u = np.clip((np.asarray(at, float) - start) / step, 0, count - 3)
    cell = np.minimum(u.astype(int), count - 4)
    t = u - cell
    pieces = np.column_stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    result = np.zeros((len(u), count))
    np.put_along_axis(result, cell[:, None] + np.arange(4), pieces, axis=1)
    return result


def middles(start: float, step: float, count: int) -> NDArray[np.float64]:
    """The place of each coefficient: with these as coefficients the spline is the identity."""
    return np.asarray(start + step * (np.arange(count) - 1.0), np.float64)
