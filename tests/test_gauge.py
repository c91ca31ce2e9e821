"""A published gauge study comes out digit by digit, drawn ones come back, and a control chart signals what happened."""

from __future__ import annotations

import numpy as np
import pytest

from qc.errors import UsageError
from studies.control import control_chart
from studies.gauge import gauge_study
from studies.worked import AIAG


def test_the_study_of_the_manual_is_reproduced() -> None:
    """AIAG MSA, 4th ed. 2010, chapter III-B, method of the analysis of variance; sums of squares as other programs give."""
    study = gauge_study(*AIAG)
    rows = {s.name: s for s in study.table}
    assert {name: s.df for name, s in rows.items()} == {
        "parts": 9,
        "operators": 2,
        "operators x parts": 18,
        "repeatability": 60,
    }
    assert [s.ss for s in study.table] == pytest.approx([88.3619, 3.1673, 0.3590, 2.7589], abs=5e-5)
    assert (rows["operators x parts"].f, rows["operators x parts"].p) == pytest.approx((0.434, 0.974), abs=5e-4)
    assert study.pooled
    assert study.repeatability == pytest.approx(0.199933, abs=1e-6)
    assert study.reproducibility == pytest.approx(0.226838, abs=1e-6)
    assert study.gauge == pytest.approx(0.302373, abs=2e-6)
    assert study.parts == pytest.approx(1.042327, abs=1e-6)
    assert study.total == pytest.approx(1.085, abs=5e-4)
    assert 100 * study.share_of_spread == pytest.approx(27.9, abs=0.05)
    assert int(study.distinct) == 4
    assert study.share_of_tolerance is None


def drawn(rng: np.random.Generator, parts: int, operators: int, repeats: int, interaction: float = 0.0):
    p, o = np.repeat(np.arange(parts), operators * repeats), np.tile(np.repeat(np.arange(operators), repeats), parts)
    both = rng.normal(0, interaction, (parts, operators))
    values = rng.normal(0, 1.0, parts)[p] + rng.normal(0, 0.3, operators)[o] + both[p, o] + rng.normal(0, 0.2, len(p))
    return p.tolist(), o.tolist(), values


def test_components_that_were_drawn_come_back() -> None:
    rng = np.random.default_rng(21)
    studies = [gauge_study(*drawn(rng, 12, 8, 3)) for _ in range(60)]
    assert np.mean([s.repeatability**2 for s in studies]) ** 0.5 == pytest.approx(0.2, rel=0.03)
    assert np.mean([s.reproducibility**2 for s in studies]) ** 0.5 == pytest.approx(0.3, rel=0.12)
    assert np.mean([s.parts**2 for s in studies]) ** 0.5 == pytest.approx(1.0, rel=0.08)
    assert np.mean([s.pooled for s in studies]) > 0.88


def test_an_interaction_that_is_there_is_kept_and_counts_as_reproducibility() -> None:
    rng = np.random.default_rng(22)
    studies = [gauge_study(*drawn(rng, 12, 6, 3, interaction=0.4)) for _ in range(40)]
    assert not any(s.pooled for s in studies)
    assert np.mean([s.reproducibility**2 for s in studies]) ** 0.5 == pytest.approx(0.5, rel=0.12)
    assert np.mean([s.repeatability**2 for s in studies]) ** 0.5 == pytest.approx(0.2, rel=0.03)


def test_the_share_of_the_tolerance_is_six_sigma_over_its_width() -> None:
    study = gauge_study(*AIAG, tolerance=6.35)
    assert study.share_of_tolerance == pytest.approx(6 * study.gauge / 6.35)


@pytest.mark.parametrize(
    "parts, operators, values, said",
    [
        ("aabb", "xxyy", [1, 2, 3, 4], "no crossed study"),
        ("aabb", "xyxy", [1, 2, 3, 4], "no crossed study"),
        ("ab", "xy", [1, 2, 3], "3 values, 2 parts"),
        ("aaaabbbb", "xxyyxxyy", [1, 2, 3, 4, 5, 6, 7, np.nan], "missing"),
    ],
)
def test_what_is_no_study_is_said(parts: str, operators: str, values: list[float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        gauge_study(parts, operators, values)


def test_a_gauge_that_does_not_spread_tells_all_apart() -> None:
    study = gauge_study("aaaabbbb", "xxyyxxyy", [1.0] * 4 + [2.0] * 4)
    assert study.gauge == 0 and study.distinct == float("inf")


# --- control chart ----------------------------------------------------------------------------------------------------


def test_center_and_limits_are_those_of_the_moving_range() -> None:
    values = [10.0, 12.0, 11.0, 13.0, 12.0, 10.0, 11.0, 12.0]
    chart = control_chart(values)
    assert chart.center == pytest.approx(11.375)
    assert chart.sigma == pytest.approx(np.mean([2, 1, 2, 1, 2, 1, 1]) / 1.128)
    assert chart.limits[1] == pytest.approx(11.375 + 3 * chart.sigma)
    assert chart.range_limit == pytest.approx(3.267 * 10 / 7)


@pytest.mark.parametrize(
    "tail, rule, day",
    [
        ([3.5], "beyond 3 sigma", 40),
        ([2.2, 0.0, 2.2], "2 of 3 beyond 2 sigma", 42),
        ([1.2, 1.2, 0.1, 1.2, 1.2], "4 of 5 beyond 1 sigma", 44),
        ([0.3] * 8, "8 on one side", 47),
    ],
)
def test_each_rule_fires_on_the_day_it_is_due(tail: list[float], rule: str, day: int) -> None:
    flat = np.tile([0.564, -0.564], 20)
    chart = control_chart([*flat, *tail], learned=40)
    assert chart.sigma == pytest.approx(1.0, abs=1e-3) and chart.center == pytest.approx(0.0)
    assert next((s.day, s.rule) for s in chart.signals if s.day >= 40) == (day, rule)
    assert not [s for s in chart.signals if s.day < 40]


def test_a_chart_in_order_is_quiet_and_a_step_is_seen_within_days() -> None:
    """Champ and Woodall, Technometrics 29 (1987) 393: 91.75 days to the first false signal on average."""
    rng = np.random.default_rng(31)
    quiet, seen = [], []
    for _ in range(120):
        x = rng.normal(size=1300)
        chart = control_chart(x, learned=600)
        quiet.append(next((s.day for s in chart.signals if s.day >= 607), 1300) - 600)
        x[600:] += 2.0
        seen.append(next(s.day for s in control_chart(x[:640], learned=600).signals if s.day >= 600) - 600)
    assert np.mean(quiet) == pytest.approx(91.75, rel=0.25)
    assert np.median(seen) <= 3


@pytest.mark.parametrize(
    "values, said", [([1.0] * 5, "5 values"), ([1.0] * 20, "do not differ"), ([np.nan] * 9, "gap")]
)
def test_what_makes_no_chart_is_said(values: list[float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        control_chart(values)
