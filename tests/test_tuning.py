"""Limits of one rule over labeled copies: verdicts come from the judge, costs add up, and the best limit is recovered."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from qc.errors import UsageError
from qc.judge.policy import load_policy
from qc.judge.rejudge import under
from qc.model import VerdictOutcome
from studies.cost import Costs, cost_curve, cross_validate
from studies.curves import histogram, operating_characteristic, precision_recall, roc
from studies.example import Example, example
from studies.labels import Label, agreed
from studies.sweep import CALLED, NOT_JUDGED, PASSED, REVIEW, Sweep, limit_lines, sweep, with_limit

KDP = load_policy("kdp")
RULE = "trim-offset-block"
LIMITS = np.arange(2.0, 4.001, 0.05)
COSTS = Costs.of_minutes(wrong_refund=14, wrong_refusal=22, minutes=4, per_minute=0.75)
GRADES = {
    VerdictOutcome.NO_DEFECT: PASSED,
    VerdictOutcome.INSUFFICIENT_EVIDENCE: NOT_JUDGED,
    VerdictOutcome.NEEDS_REVIEW: REVIEW,
    VerdictOutcome.DEFECT: CALLED,
}
BEST_MM = 2.88
"""Of 8000 drawn copies of 800 titles, see docs/studies.md."""


def truth_of(drawn: Example) -> dict[str, bool]:
    return agreed(Label(copy, decision, person) for copy, person, decision in drawn.labels)[0]


@pytest.fixture(scope="module")
def drawn() -> Example:
    return example(KDP, titles=30, copies=150, seed=5101)


@pytest.fixture(scope="module")
def swept(drawn: Example) -> Sweep:
    return sweep(drawn.inspections, truth_of(drawn), KDP, RULE, LIMITS)


def test_every_grade_is_the_verdict_of_the_judge(drawn: Example, swept: Sweep) -> None:
    by_id = {i.copy.id: i for i in drawn.inspections}
    for column in (0, 13, 18, 24, len(LIMITS) - 1):
        policy = with_limit(KDP, RULE, float(LIMITS[column]))
        judged = [GRADES[under(by_id[c], policy).verdict.outcome] for c in swept.copies]
        assert swept.grades[:, column].tolist() == judged
    assert set(np.unique(swept.grades)) >= {PASSED, REVIEW, CALLED}


def test_a_limit_is_read_back_as_it_is_written(drawn: Example) -> None:
    rule = KDP.rule(RULE)
    assert limit_lines(rule, 2.9) == {"within": "< 2.875 mm", "outside": "> 2.9 mm"}
    assert limit_lines(rule, 2.9, gap=0.4) == {"within": "< 2.5 mm", "outside": "> 2.9 mm"}
    assert limit_lines(KDP.rule("trim-skew"), 0.6) == {"within": "< 0.6 deg"}
    changed = with_limit(KDP, RULE, 2.9).rule(RULE)
    assert (changed.within.value, changed.outside and changed.outside.value) == (2.875, 2.9)
    assert with_limit(KDP, RULE, 3.2, gap=0.025).rule(RULE).within.value == 3.175


def test_the_score_is_the_cut_farthest_off(drawn: Example, swept: Sweep) -> None:
    true = np.array([drawn.true_mm[c] for c in swept.copies])
    pull = (swept.score - true) / swept.u
    assert np.abs(pull).mean() < 1.2 and (np.abs(pull) < 2).mean() > 0.88
    assert swept.present == 3.2


def test_notes_unknown_rules_and_missing_labels_are_refused(drawn: Example) -> None:
    with pytest.raises(UsageError, match="is a note"):
        sweep(drawn.inspections, truth_of(drawn), KDP, "color-cast", LIMITS)
    with pytest.raises(UsageError, match="no rule 'trim'"):
        sweep(drawn.inspections, truth_of(drawn), KDP, "trim", LIMITS)
    with pytest.raises(UsageError, match="0 of 150 copies have a label"):
        sweep(drawn.inspections, {}, KDP, RULE, LIMITS)


def test_the_present_limit_is_always_among_those_tried(drawn: Example) -> None:
    found = sweep(drawn.inspections, truth_of(drawn), KDP, RULE, [2.5, 3.0, 3.5])
    assert found.limits.tolist() == [2.5, 3.0, 3.2, 3.5] and found.at(found.present) == 2
    with pytest.raises(UsageError, match="do not span the present one"):
        sweep(drawn.inspections, truth_of(drawn), KDP, RULE, [2.0, 3.0])


def test_a_copy_that_is_not_measured_costs_a_look_under_every_limit(drawn: Example) -> None:
    first = drawn.inspections[0]
    blind = replace(
        first,
        observations=tuple(replace(o, value=None, u=None, flags=("white-backing",)) for o in first.observations),
    )
    found = sweep([blind, *drawn.inspections[1:]], truth_of(drawn), KDP, RULE, LIMITS)
    row = found.copies.index(first.copy.id)
    assert (found.grades[row] == NOT_JUDGED).all() and np.isnan(found.score[row])
    assert histogram(found).not_measured == 1


# --- curves -----------------------------------------------------------------------------------------------------------


def hand_made(grades: list[list[int]], defective: list[bool]) -> Sweep:
    number = len(grades)
    return Sweep(
        rule=KDP.rule(RULE),
        policy=KDP,
        gap=0.025,
        limits=np.array([1.0, 2.0, 3.2]),
        copies=tuple(f"c{n}" for n in range(number)),
        titles=tuple(f"t{n % 5}" for n in range(number)),
        defective=np.array(defective),
        grades=np.array(grades, np.int8),
        score=np.full(number, 2.0),
        u=np.zeros(number),
    )


P, N, R, C = PASSED, NOT_JUDGED, REVIEW, CALLED
FIVE = hand_made([[C, C, P], [C, R, P], [C, C, C], [R, P, P], [N, N, N]], [True, True, True, False, False])


def test_rates_are_counted() -> None:
    rates = roc(FIVE)
    assert rates.called[0].tolist() == [1, 2 / 3, 1 / 3] and rates.called[1].tolist() == [0, 0, 0]
    assert rates.flagged[0].tolist() == [1, 1, 1 / 3] and rates.flagged[1].tolist() == [0.5, 0, 0]
    assert rates.auc_called == rates.auc_flagged == 1.0
    precision = precision_recall(FIVE)
    assert precision.flagged[0] == pytest.approx([0.75, 1, 1])
    rare = precision_recall(FIVE, prevalence=0.1)
    assert rare.flagged[0][0] == pytest.approx(0.1 / (0.1 + 0.9 * 0.5))
    nobody = precision_recall(hand_made([[C, P, P], [C, P, P]], [True, False]))
    assert np.isnan(nobody.called[0][1]) and nobody.called[0][0] == 0.5


def test_a_limit_that_tells_nothing_has_half_the_area() -> None:
    rng = np.random.default_rng(4)
    grades = [[C if s > limit else P for limit in (1, 2, 3.2)] for s in rng.uniform(0, 4, 600)]
    assert roc(hand_made(grades, (rng.uniform(size=600) < 0.4).tolist())).auc_called == pytest.approx(0.5, abs=0.06)


def test_rates_need_copies_of_both_kinds() -> None:
    with pytest.raises(UsageError, match="both kinds"):
        roc(hand_made([[C, C, C], [P, P, P]], [True, True]))


def test_the_operating_characteristic_is_the_normal_law() -> None:
    rule, k, u = KDP.rule(RULE), KDP.k, 0.1
    true = np.array([0.0, 2.9, 3.1, 3.2, 3.4, 3.6, -3.6])
    found = operating_characteristic(rule, k, u, true)
    normal = NormalDist(0, u)
    expected = [1 - normal.cdf(3.2 + k * u - abs(x)) for x in true]
    assert found.outside == pytest.approx(expected, abs=2e-3)
    assert found.within == pytest.approx([normal.cdf(3.175 - k * u - abs(x)) for x in true], abs=2e-3)
    assert (found.within + found.undecided + found.outside) == pytest.approx(1.0)
    sharp = operating_characteristic(rule, 0.0, u, np.array([3.2]))
    assert sharp.outside[0] == pytest.approx(0.5, abs=2e-3)
    assert operating_characteristic(rule, k, 0.0, np.array([3.21])).outside[0] == 1.0


# --- cost -------------------------------------------------------------------------------------------------------------


def test_a_cost_is_what_it_is_made_of() -> None:
    sweep_ = hand_made([[C, C, P], [C, R, P], [P, P, C], [R, P, C], [N, N, N]], [True, True, False, False, False])
    curve = cost_curve(sweep_, Costs(10, 20, 1), draws=50)
    assert curve.wrong_refund.tolist() == [0, 0, 4] and curve.wrong_refusal.tolist() == [0, 0, 8]
    assert curve.review == pytest.approx([0.4, 0.4, 0.2])
    assert curve.cost == pytest.approx(curve.wrong_refund + curve.wrong_refusal + curve.review)
    assert (curve.best, curve.copies, curve.titles) == (1.5, 5, 5)
    rare = cost_curve(sweep_, Costs(10, 20, 1), prevalence=0.1, draws=50)
    assert rare.cost[2] == pytest.approx(0.1 * 20 + 0.9 * (10 * 2 / 3 + 1 / 3))


def test_the_best_limit_lies_in_its_interval(swept: Sweep) -> None:
    curve = cost_curve(swept, COSTS, draws=300)
    assert curve.best_low <= BEST_MM <= curve.best_high
    assert 0.05 < curve.best_high - curve.best_low < 0.5
    assert (curve.low <= curve.high).all() and (curve.low <= curve.cost + 1e-9).mean() > 0.9


def test_the_interval_narrows_with_copies() -> None:
    drawn = example(KDP, titles=30, copies=60, seed=5102)
    few = cost_curve(sweep(drawn.inspections, truth_of(drawn), KDP, RULE, LIMITS), COSTS, draws=200)
    more = example(KDP, titles=120, copies=480, seed=5103)
    many = cost_curve(sweep(more.inspections, truth_of(more), KDP, RULE, LIMITS), COSTS, draws=200)
    assert many.best_high - many.best_low < few.best_high - few.best_low


def test_dearer_refusals_move_the_limit_inward(swept: Sweep) -> None:
    mild, strict = (cost_curve(swept, Costs(14, price, 0.5), draws=20).best for price in (1, 200))
    assert strict < mild


def test_cross_validation_holds_titles_out_and_finds_the_saving(swept: Sweep) -> None:
    found = cross_validate(swept, COSTS)
    curve = cost_curve(swept, COSTS, draws=20)
    assert len(found.limits) == 5 and all(abs(x - BEST_MM) < 0.15 for x in found.limits)
    assert found.cost >= curve.cost.min() - 1e-9
    assert found.present == pytest.approx(curve.cost[swept.at(3.2)])
    assert (
        found.saving == pytest.approx(found.present - found.cost)
        and found.saving_low < found.saving < found.saving_high
    )
    assert found.saving > 0


def test_copies_of_a_title_are_drawn_together() -> None:
    """Alike copies of a title say no more than one: the band must not narrow when each copy is there ten times."""
    rng = np.random.default_rng(8)
    one = [[[C, R, P], [P, P, P], [C, C, C], [R, P, P]][n] for n in rng.integers(4, size=30)]
    kinds = (rng.uniform(size=30) < 0.5).tolist()
    single = replace(hand_made(one, kinds), titles=tuple(map(str, range(30))))
    tenfold = replace(
        hand_made([g for g in one for _ in range(10)], [d for d in kinds for _ in range(10)]),
        titles=tuple(str(n // 10) for n in range(300)),
    )
    a, b = (cost_curve(s, COSTS, draws=2000) for s in (single, tenfold))
    assert b.high - b.low == pytest.approx(a.high - a.low, rel=0.1)


def test_what_says_nothing_of_other_titles_is_refused(swept: Sweep) -> None:
    with pytest.raises(UsageError, match="2 titles"):
        cost_curve(replace(swept, titles=tuple("ab"[n % 2] for n in range(len(swept.titles)))), COSTS)
    with pytest.raises(UsageError, match="prevalence is 3"):
        cost_curve(swept, COSTS, prevalence=3)
