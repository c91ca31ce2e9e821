"""Means over the pages of a copy that a few wrong pages do not spoil, and what the scatter of the pages makes of u."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student


def huber_mean(values: NDArray[np.float64], k: float = 1.345) -> tuple[float, float]:
    """Huber mean and the robust spread (scaled median absolute deviation) of `values`, shape (n,), n >= 2."""
    center = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - center)))
    if len(values) < 6:
        spread = max(spread, float(values.std(ddof=1)))
    floor = max(spread, 1e-4)
    for _ in range(20):
        weights = np.minimum(1.0, k * floor / np.maximum(np.abs(values - center), 1e-12))
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
    """By what u of a robust mean exceeds that of a plain mean of many pages: Student's factor for the degrees of freedom, and
    5 % for the loss of efficiency."""
    return 1.05 * float(student.ppf(0.975, freedom)) / 1.96
