"""Means over the pages of a copy that a few wrong pages do not spoil, and what the scatter of the pages makes of u."""

from __future__ import annotations

import math
from functools import cache

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
    return 1.05 * student_quantile(0.975, freedom) / 1.96


@cache
def student_quantile(share: float, freedom: float) -> float:
    """Value that `share` (0.5 to 1) of Student's distribution lies below."""
    low, high = 0.0, 1.0
    while student_above(high, freedom) > 1 - share:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if student_above(middle, freedom) > 1 - share else (low, middle)
    return 0.5 * (low + high)


def student_above(value: float, freedom: float) -> float:
    """Share of Student's distribution above `value`, 0 or more."""
    return 0.5 * _beta_below(freedom / (freedom + value**2), freedom / 2, 0.5)


def variance_ratio_above(value: float, freedom: float, other: float) -> float:
    """Share of the F distribution, of a variance of `freedom` over one of `other` degrees, above `value`, 0 or more."""
    return _beta_below(other / (other + freedom * value), other / 2, freedom / 2)


def _beta_below(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Numerical Recipes, 6.4)."""
    # SciPy has it, too, but takes longer to import than a page to inspect.
    if not 0 < x < 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_below(1 - x, b, a)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction, m, change = d, 1, 0.0
    while abs(change - 1) > 1e-15 and m < 10000:
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            c, d = 1 + term / c, 1 / (1 + term * d)
            change *= c * d
        fraction, m = fraction * change, m + 1
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * fraction / a


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
