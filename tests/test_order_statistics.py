"""Medians and quantiles are NumPy's, distributions SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qc.stats import column_medians, median, quantile, student_above, student_quantile, variance_ratio_above


@pytest.mark.parametrize("count", [1, 2, 3, 4, 59, 60])
def test_medians_and_quantiles_are_those_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert median(values) == np.median(values)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-15)


def test_medians_of_columns_leave_out_what_is_not_seen() -> None:
    rng = np.random.default_rng(7)
    rows = np.where(rng.random((9, 40)) < 0.6, rng.normal(size=(9, 40)), np.nan)
    rows[:, 3] = np.nan
    rows[:, 4] = np.arange(9)
    seen = np.isfinite(rows)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="All-NaN"):
        expected = np.nanmedian(rows, axis=0)
    assert np.array_equal(column_medians(rows, seen), expected, equal_nan=True)
    assert np.array_equal(column_medians(rows[:1], seen[:1]), rows[0], equal_nan=True)


@pytest.mark.parametrize("freedom", [1, 2, 3.5, 10, 47, 800])
def test_quantiles_of_student_are_those_of_scipy(freedom: float) -> None:
    for share in (0.6, 0.9, 0.975, 0.9995):
        expected = stats.t.ppf(share, freedom)
        assert student_quantile(share, freedom) == pytest.approx(expected, rel=1e-11)
        assert student_above(expected, freedom) == pytest.approx(1 - share, rel=1e-10)


@pytest.mark.parametrize(("freedom", "other"), [(3, 4), (20, 9), (399, 400)])
def test_ratios_of_variances_are_distributed_as_scipy_says(freedom: int, other: int) -> None:
    for ratio in (0.0, 0.2, 1.0, 3.0, 12.0):
        assert variance_ratio_above(ratio, freedom, other) == pytest.approx(
            stats.f.sf(ratio, freedom, other), rel=1e-10
        )
