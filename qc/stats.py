"""Means over the pages of a copy that a few wrong pages do not spoil, and what the scatter of the pages makes of u."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mad(residuals: ArrayLike) -> float:
    """Median absolute value of `residuals`, not empty, scaled to the standard deviation of normal ones about 0."""
    return 1.4826 * median(np.abs(np.asarray(residuals, float)).ravel())


def huber_weights(residuals: ArrayLike, limit: float) -> NDArray[np.float64]:
    """Weights that take residuals beyond `limit` as if they were there: 1 within it, falling with the distance beyond."""
    return np.asarray(np.minimum(1.0, limit / np.maximum(np.abs(residuals), 1e-9)))


def huber_mean(values: NDArray[np.float64], k: float = 1.345) -> tuple[float, float]:
    """Huber mean and the robust spread (scaled median absolute deviation) of `values`, shape (n,), n >= 2."""
    center = float(np.median(values))
    spread = mad(values - center)
    if len(values) < 6:
        spread = max(spread, float(values.std(ddof=1)))
    floor = max(spread, 1e-4)
    for _ in range(20):
        weights = huber_weights(values - center, k * floor)
        center = float((weights * values).sum() / weights.sum())
    return center, spread


def mean_over_pages(
    values: NDArray[np.float64], page_u: NDArray[np.float64], common: float
) -> tuple[float, float, float]:
    """Huber mean over pages, its standard uncertainty, and the spread of the pages.

    Parameters
    ----------
    values, page_u : ndarray, shape (n,)
        Of each page, at least two, in one unit.
    common : float
        Standard uncertainty that all pages share; more pages do not shrink it.

    Notes
    -----
    The scatter counts at least as large as the pages' own u, with Student's factor for few pages and 5 % for the loss
    of efficiency against the plain mean.
    """
    n = len(values)
    value, spread = huber_mean(values)
    scatter = max(spread, float(np.median(page_u))) * students_factor(n - 1) / float(np.sqrt(n))
    return value, float(np.hypot(scatter, common)), spread


def students_factor(freedom: int) -> float:
    """Factor of u of a robust mean over that of a plain mean of many pages.

    Student's factor for the degrees of freedom, and 5 % for the loss of efficiency.
    """
    # Imported when needed: who only wants a median does not wait for SciPy.
    from scipy.special import stdtrit

    return 1.05 * float(stdtrit(freedom, 0.975)) / 1.96


def median(values: NDArray[np.floating]) -> float:
    """Median of `values`, shape (n,), n > 0."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    part = np.partition(values, (middle - 1, middle))
    return 0.5 * (float(part[middle - 1]) + float(part[middle]))


def quantile(values: NDArray[np.floating], share: float) -> float:
    """Quantile of `values`, shape (n,), n > 0, linear between neighbors."""
    at = share * (len(values) - 1)
    below = int(at)
    above = min(below + 1, len(values) - 1)
    part = np.partition(values, (below, above))
    low, high = float(part[below]), float(part[above])
    return low + (high - low) * (at - below)


def column_medians(rows: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Median of each column over the rows where it is `seen`; NaN where it is nowhere, shape (columns,)."""
    ordered = np.sort(np.where(seen, rows, np.inf), axis=0)
    count = seen.sum(axis=0)
    columns = np.arange(rows.shape[1])
    low, high = (ordered[np.maximum(at, 0), columns] for at in ((count - 1) // 2, count // 2))
    return np.asarray(np.where(count > 0, 0.5 * (low + high), np.nan))
