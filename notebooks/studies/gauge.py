"""Is it the book or the scanner: operators x parts x repeats by analysis of variance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as f_distribution

from qc.errors import UsageError

POOL_ALPHA = 0.05
STUDY_SIGMAS = 6.0
NDC = float(np.sqrt(2))


@dataclass(frozen=True)
class Source:
    """A row of the analysis of variance; `f` and `p` are None where nothing is tested."""

    name: str
    df: int
    ss: float
    ms: float
    f: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class GaugeStudy:
    """Where the spread of measured values comes from.

    Attributes
    ----------
    table : tuple of Source
        With the interaction; it was pooled with repeatability where `pooled`.
    repeatability, reproducibility, parts : float
        Standard deviations, in the unit of the values: the same operator on the same part again, other operators (with
        their interaction with parts, where it is not pooled), and the parts themselves.
    tolerance : float or None
        Width of the tolerance, in the same unit.
    """

    table: tuple[Source, ...]
    pooled: bool
    repeatability: float
    reproducibility: float
    parts: float
    tolerance: float | None

    @property
    def gauge(self) -> float:
        """Repeatability and reproducibility together (GRR)."""
        return float(np.hypot(self.repeatability, self.reproducibility))

    @property
    def total(self) -> float:
        return float(np.hypot(self.gauge, self.parts))

    @property
    def share_of_spread(self) -> float:
        """%GRR of the total spread, as a fraction; below 0.1 is called good, above 0.3 not acceptable."""
        return self.gauge / self.total if self.total else 0.0

    @property
    def share_of_tolerance(self) -> float | None:
        """6 sigma of the gauge over the width of the tolerance, as a fraction."""
        return STUDY_SIGMAS * self.gauge / self.tolerance if self.tolerance else None

    @property
    def distinct(self) -> float:
        """Number of distinct categories (ndc) the gauge tells apart, to be cut to a whole number; 5 or more is wanted.
        Infinite where the gauge does not spread at all."""
        return NDC * self.parts / self.gauge if self.gauge else float("inf")


def gauge_study(
    parts: Sequence[Hashable], operators: Sequence[Hashable], values: ArrayLike, tolerance: float | None = None
) -> GaugeStudy:
    """Crossed study: every operator measures every part equally often.

    Parameters
    ----------
    parts, operators : sequence, length n
        Of each value.
    values : array_like, shape (n,)
    tolerance : float, optional
        Width of the tolerance, in the unit of the values: for ± 0.125 in it is 6.35 mm.

    Raises
    ------
    UsageError
        The design is not complete and balanced, or too small.

    Notes
    -----
    Two-way random effects: Automotive Industry Action Group, Measurement Systems Analysis, 4th ed. 2010, chapter III-B and
    appendix A. The interaction is pooled with repeatability where its F test gives p > 0.05. A negative component is
    set to 0. Parts should span what returns span, else %GRR of the spread and ndc speak of the parts that were chosen;
    the share of the tolerance does not.
    """
    cells = _cells(parts, operators, np.asarray(values, float))
    n_parts, n_operators, repeats = cells.shape
    grand = cells.mean()
    by_part, by_operator, by_cell = cells.mean(axis=(1, 2)), cells.mean(axis=(0, 2)), cells.mean(axis=2)
    ss_part = n_operators * repeats * float(((by_part - grand) ** 2).sum())
    ss_operator = n_parts * repeats * float(((by_operator - grand) ** 2).sum())
    ss_both = repeats * float(((by_cell - by_part[:, None] - by_operator[None, :] + grand) ** 2).sum())
    ss_repeat = float(((cells - by_cell[:, :, None]) ** 2).sum())
    df_part, df_operator = n_parts - 1, n_operators - 1
    df_both, df_repeat = df_part * df_operator, n_parts * n_operators * (repeats - 1)
    ms_part, ms_operator = ss_part / df_part, ss_operator / df_operator
    ms_both, ms_repeat = ss_both / df_both, ss_repeat / df_repeat
    f_both, p_both = _tested(ms_both, df_both, ms_repeat, df_repeat)
    pooled = p_both is None or p_both > POOL_ALPHA
    error, df_error = ms_both, df_both
    if pooled:
        df_error = df_both + df_repeat
        error = (ss_both + ss_repeat) / df_error
    repeat = error if pooled else ms_repeat
    interaction = 0.0 if pooled else max(ms_both - ms_repeat, 0.0) / repeats
    operator = max(ms_operator - error, 0.0) / (n_parts * repeats)
    part = max(ms_part - error, 0.0) / (n_operators * repeats)
    table = (
        Source("parts", df_part, ss_part, ms_part, *_tested(ms_part, df_part, error, df_error)),
        Source("operators", df_operator, ss_operator, ms_operator, *_tested(ms_operator, df_operator, error, df_error)),
        Source("operators x parts", df_both, ss_both, ms_both, f_both, p_both),
        Source("repeatability", df_repeat, ss_repeat, ms_repeat),
    )
    reproducibility = float(np.sqrt(operator + interaction))
    return GaugeStudy(table, pooled, float(np.sqrt(repeat)), reproducibility, float(np.sqrt(part)), tolerance)


def _cells(parts: Sequence[Hashable], operators: Sequence[Hashable], values: np.ndarray) -> np.ndarray:
    """Values by part, operator and repeat."""
    if not len(parts) == len(operators) == len(values):
        raise UsageError(
            f"{len(values)} values, {len(parts)} parts and {len(operators)} operators: give a part and an operator for "
            "each value."
        )
    if not np.isfinite(values).all():
        raise UsageError(
            "Some values are missing. A crossed study needs them all: measure again, or leave the part out."
        )
    found: dict[tuple[Hashable, Hashable], list[float]] = {}
    for part, operator, value in zip(parts, operators, values, strict=True):
        found.setdefault((part, operator), []).append(float(value))
    all_parts, all_operators = list(dict.fromkeys(parts)), list(dict.fromkeys(operators))
    counts = {len(found.get((p, o), [])) for p in all_parts for o in all_operators}
    if len(all_parts) < 2 or len(all_operators) < 2 or len(counts) != 1 or min(counts) < 2:
        raise UsageError(
            f"{len(all_parts)} parts, {len(all_operators)} operators and {sorted(counts)} repeats are no crossed study. "
            "Let two operators or more measure two parts or more, each equally often, twice at least."
        )
    return np.array([[found[p, o] for o in all_operators] for p in all_parts])


def _tested(ms: float, df: int, against: float, df_against: int) -> tuple[float | None, float | None]:
    if against <= 0:
        return None, None
    ratio = ms / against
    return ratio, float(f_distribution.sf(ratio, df, df_against))
