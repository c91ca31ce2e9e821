"""Medians and quantiles are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from qc.stats import column_medians, median, quantile


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
