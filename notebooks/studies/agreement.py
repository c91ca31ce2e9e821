"""How well two judge alike beyond chance: Cohen's kappa with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qc.errors import UsageError

Z_95 = 1.959964


@dataclass(frozen=True)
class Kappa:
    """Agreement of two on the same copies.

    Attributes
    ----------
    value : float or None
        Cohen's kappa: 1 is full agreement, 0 what chance gives. None where both say one and the same of all copies, so
        that chance alone agrees and nothing can be told.
    u : float or None
        Its standard error (k = 1).
    low, high : float or None
        95 % interval, value ± 1.96 u, kept within -1 and 1. None, as u is, where all agree: u would be 0.
    n : int
        Copies.
    agree : float
        Share on which they agree.
    categories : tuple of str
    counts : tuple of tuple of int
        Rows are the first, columns the second.
    """

    first: str
    second: str
    value: float | None
    u: float | None
    low: float | None
    high: float | None
    n: int
    agree: float
    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def kappa_of_counts(counts: NDArray[np.int_] | Sequence[Sequence[int]]) -> tuple[float | None, float | None]:
    """Cohen's kappa and its standard error from a square table of counts.

    Returns
    -------
    kappa, u : float or None

    Notes
    -----
    J. Cohen, Educ. Psychol. Meas. 20 (1960) 37; the standard error is the one for intervals, not that for the test of
    kappa = 0: J. L. Fleiss, J. Cohen, B. S. Everitt, Psychol. Bull. 72 (1969) 323, eq. 13. It holds for large numbers:
    with fewer than about 30 copies, or nearly all in one category, the interval is too narrow.
    """
    table = np.asarray(counts, float)
    n = table.sum()
    if table.ndim != 2 or table.shape[0] != table.shape[1] or n == 0:
        raise UsageError(
            f"Agreement needs a square table with counts; found one of shape {table.shape} that holds {n:g}."
        )
    p = table / n
    rows, columns, diagonal = p.sum(axis=1), p.sum(axis=0), np.diag(p)
    observed, expected = diagonal.sum(), rows @ columns
    if np.isclose(expected, 1.0):
        return None, None
    kappa = float((observed - expected) / (1 - expected))
    if np.isclose(observed, 1.0):
        return kappa, None
    both = rows[None, :] + columns[:, None]  # [i, j]: column total of i plus row total of j
    hits = (diagonal * ((1 - expected) - (rows + columns) * (1 - observed)) ** 2).sum()
    off = p * both**2
    misses = (1 - observed) ** 2 * (off.sum() - np.diag(off).sum())
    rest = (observed * expected - 2 * expected + observed) ** 2
    return kappa, float(np.sqrt(max(hits + misses - rest, 0.0) / n) / (1 - expected) ** 2)


def agreement(first: str, a: Mapping[str, str], second: str, b: Mapping[str, str]) -> Kappa | None:
    """Agreement on the copies that both judged; None where there is none.

    Parameters
    ----------
    first, second : str
        Who they are.
    a, b : mapping of str to str
        What each says, by copy.
    """
    shared = [copy for copy in a if copy in b]
    if not shared:
        return None
    categories = sorted({a[c] for c in shared} | {b[c] for c in shared})
    counts = np.zeros((len(categories), len(categories)), int)
    for copy in shared:
        counts[categories.index(a[copy]), categories.index(b[copy])] += 1
    value, u = kappa_of_counts(counts)
    low = high = None
    if value is not None and u is not None:
        low, high = max(-1.0, value - Z_95 * u), min(1.0, value + Z_95 * u)
    return Kappa(
        first=first,
        second=second,
        value=value,
        u=u,
        low=low,
        high=high,
        n=len(shared),
        agree=float(np.trace(counts) / len(shared)),
        categories=tuple(categories),
        counts=tuple(tuple(int(n) for n in row) for row in counts),
    )


def pairwise(said: Mapping[str, Mapping[str, str]]) -> list[Kappa]:
    """Agreement of every two, in the order of `said`; pairs without a common copy are left out.

    The machine is one of them under whatever name it is given; its needs-review is a category of its own.
    """
    pairs = (agreement(a, said[a], b, said[b]) for a, b in combinations(said, 2))
    return [k for k in pairs if k is not None]
