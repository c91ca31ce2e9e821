"""Medians and quantiles of short rows: the same numbers as NumPy's, without its 20 to 60 microseconds of preparation.

A page asks for some two hundred of them. Values must be finite; NumPy's functions say what becomes of others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]


def median(values: Values) -> float:
    """Median of `values`, shape (n,), n > 0."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    part = np.partition(values, (middle - 1, middle))
    return 0.5 * (float(part[middle - 1]) + float(part[middle]))


def quantile(values: Values, share: float) -> float:
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
