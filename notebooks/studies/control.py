"""Has the scanner changed: chart of a daily check, single values with their moving range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qc.errors import UsageError

D2, D4 = 1.128, 3.267
"""Mean range of two normal values over their standard deviation, and the upper limit of a range over its mean."""
LEAST = 8


@dataclass(frozen=True)
class Signal:
    """A day on which a rule of the chart fires; `day` counts from 0."""

    day: int
    rule: str


@dataclass(frozen=True)
class ControlChart:
    """Values against limits that come from their own first days.

    Attributes
    ----------
    values : ndarray, shape (days,)
    center, sigma : float
        Of the first `learned` days; sigma is the mean moving range over 1.128.
    ranges : ndarray, shape (days - 1,)
        Absolute change from each day to the next.
    range_limit : float
    signals : tuple of Signal
    """

    values: NDArray[np.float64]
    learned: int
    center: float
    sigma: float
    ranges: NDArray[np.float64]
    range_limit: float
    signals: tuple[Signal, ...]

    @property
    def limits(self) -> tuple[float, float]:
        return self.center - 3 * self.sigma, self.center + 3 * self.sigma


def control_chart(values: ArrayLike, learned: int | None = None) -> ControlChart:
    """Individuals chart with the Western Electric rules.

    Parameters
    ----------
    values : array_like, shape (days,)
        One a day, in order: the scale or the white of the check target.
    learned : int, optional
        How many of the first days set the limits; all, if left out. Learn anew after a new profile.

    Raises
    ------
    UsageError
        There are fewer than eight days to learn from, or they do not differ at all.

    Notes
    -----
    A day signals beyond 3 sigma; where two of three lie beyond 2 sigma, four of five beyond 1 sigma, or eight in a row,
    on one side of the center (Western Electric, Statistical Quality Control Handbook, 1956). A chart in order gives a
    false signal after 92 days on average (C. W. Champ, W. H. Woodall, Technometrics 29 (1987) 393). Values that depend
    on the day before (a lamp that ages, a sheet that dries) signal more often.
    """
    x = np.asarray(values, float)
    first = len(x) if learned is None else learned
    if first < LEAST or len(x) < first or not np.isfinite(x).all():
        raise UsageError(f"{len(x)} values, {first} to learn from: a chart needs {LEAST} days or more without a gap.")
    ranges = np.abs(np.diff(x))
    mean_range = float(ranges[: first - 1].mean())
    if mean_range == 0:
        raise UsageError("The daily values do not differ at all. Record them with more digits.")
    center, sigma = float(x[:first].mean()), mean_range / D2
    z = (x - center) / sigma
    signals = tuple(Signal(day, rule) for day in range(len(z)) for rule in _rules(z[: day + 1]))
    return ControlChart(x, first, center, sigma, ranges, D4 * mean_range, signals)


def _rules(z: NDArray[np.float64]) -> list[str]:
    """Rules that fire on the last of the values."""
    found = ["beyond 3 sigma"] if abs(z[-1]) > 3 else []
    for name, of, need, beyond in (
        ("2 of 3 beyond 2 sigma", 3, 2, 2.0),
        ("4 of 5 beyond 1 sigma", 5, 4, 1.0),
        ("8 on one side", 8, 8, 0.0),
    ):
        side = np.sign(z[-1])
        if side * z[-1] > beyond and int((side * z[-of:] > beyond).sum()) >= need:
            found.append(name)
    return found
