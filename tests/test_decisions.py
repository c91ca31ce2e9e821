"""Every shipped rule at its limits, a step to either side, within the guard band, and without a value."""

from __future__ import annotations

import pytest

from qc.judge.policy import Policy, Rule, load_policy, shipped
from qc.model import FindingOutcome

COUNTED = ("<= 0", "> 0")
FOR_A_PERSON = ("<= 0", "never")
LIMITS = {
    "trim-offset-block": ("< 3.175", "> 3.2"),
    "trim-offset-block-spine": ("< 3.175", "> 3.2"),
    "trim-offset-page": ("< 3.175", "> 3.2"),
    "trim-size-block": ("< 3.175", "> 3.2"),
    "print-scale": ("<= 0.02", "never"),
    "trim-skew": ("< 0.75", "never"),
    "print-position-jitter": ("< 3.175", ">= 3.175"),
    "print-position-recto-verso": ("< 6.35", "never"),
    "blank-pages-unexplained": FOR_A_PERSON,
    "blank-pages-inside": COUNTED,
    "print-defect": COUNTED,
    "print-defect-spot": FOR_A_PERSON,
    "print-defect-smear": FOR_A_PERSON,
    "print-defect-void": FOR_A_PERSON,
    "print-defect-white-sliver": FOR_A_PERSON,
    "print-defect-streak": ("<= 0", ">= 1"),
    **{f"page-damage-{code}": ("<= 10", "never") for code in ("missing-corner", "notch", "tear", "hole", "water")},
    **{f"page-damage-{code}": ("< 20", "never") for code in ("dog-ear", "crease")},
    "pages-foreign": FOR_A_PERSON,
    "pages-extra-inside": FOR_A_PERSON,
    "pages-missing": COUNTED,
    "pages-duplicated": COUNTED,
    "pages-out-of-order": COUNTED,
    "pages-upside-down": COUNTED,
    "color-difference-copy": ("<= 12", "> 15"),
    "paper-difference": ("<= 7", "> 10"),
    "color-lost-channel": ("<= 0.6", "> 0.6"),
    "color-weak-channel": ("<= 0.4", "never"),
    "color-gray": ("<= 0.6", "> 0.7"),
    "color-fade": ("<= 0.25", "> 0.25"),
    "color-band": ("<= 0.09", "> 0.09"),
    "color-wrong-paper": ("<= 0.95", "> 0.95"),
    "color-cast": ("<= 0.3", "> 0.3"),
    "color-tone-shift": ("<= 1.5", "> 1.5"),
    "copy-position-difference": ("< 6.35", ">= 6.35"),
    "copy-position-outlier": ("< 3.175", "never"),
    "copy-color-difference": ("<= 3", "> 3"),
    "copy-color-outlier": ("<= 5", "never"),
    "cover-trim-offset": ("< 3.175", "> 3.2"),
    "cover-fold-offset": ("< 3.175", "> 3.2"),
    "spine-centering": ("< 3.175", "> 3.2"),
    "spine-width": ("< 3.175", "never"),
    "cover-skew": ("< 1", "never"),
    "cover-identity": ("<= 0", ">= 2"),
    "copy-cover-outlier": FOR_A_PERSON,
    "cover-upside-down": ("<= 0", ">= 2"),
}
"""Within and outside of kdp in the unit of the measure. Not of ``blank-pages-at-end``, which counts and judges nothing, nor of
``spine-text-clearance``, which has a limit from below."""
TIGHTER = {
    "trim-offset-block": ("< 1.5875", "> 2"),
    "trim-offset-block-spine": ("< 1.5875", "> 2"),
    "trim-offset-page": ("< 1.5875", "> 2"),
    "trim-size-block": ("< 1.5875", "> 2"),
    "trim-skew": ("< 0.375", "never"),
    "print-position-jitter": ("< 1.5875", ">= 1.5875"),
    "print-position-recto-verso": ("< 3.175", "never"),
    "density-difference": ("<= 0.1", "> 0.1"),
    "copy-position-difference": ("< 3.175", ">= 3.175"),
    "copy-position-outlier": ("< 1.5875", "never"),
    "cover-trim-offset": ("< 1.5875", "> 2"),
    "cover-fold-offset": ("< 1.5875", "> 2"),
    "spine-centering": ("< 1.5875", "> 2"),
    "spine-width": ("< 1.5875", "never"),
}
"""What ingram has otherwise, or alone."""
TABLES = {"kdp": LIMITS, "ingram": LIMITS | TIGHTER}
POLICIES = {name: load_policy(name) for name in shipped()}
RULES = [(name, rule) for name, table in TABLES.items() for rule in table]
STEP = 1e-6


def at(name: str, rule_id: str) -> tuple[Policy, Rule, float, bool, float | None, bool]:
    """Policy, rule, limit of within and whether that is still within, limit of outside and whether that is outside."""
    within, outside = TABLES[name][rule_id]
    policy = POLICIES[name]
    beyond = None if outside == "never" else float(outside.split()[1])
    return policy, policy.rule(rule_id), float(within.split()[1]), "=" in within, beyond, "=" in outside


def test_the_table_has_every_rule() -> None:
    assert set(TABLES) == set(POLICIES)
    for name, policy in POLICIES.items():
        assert {r.id for r in policy.rules} - {"blank-pages-at-end", "spine-text-clearance"} == set(TABLES[name])


@pytest.mark.parametrize(("name", "rule_id"), RULES)
def test_exact_values_at_the_limits_and_a_step_beside(name: str, rule_id: str) -> None:
    policy, rule, within, is_within, outside, is_outside = at(name, rule_id)
    beyond = FindingOutcome.UNDECIDED if outside is None or outside > within else FindingOutcome.OUTSIDE
    expected = {within - STEP: FindingOutcome.WITHIN, within + STEP: beyond}
    if outside is not None:
        if outside > within:
            expected[outside - STEP] = FindingOutcome.UNDECIDED
        expected |= {
            outside: FindingOutcome.OUTSIDE if is_outside else FindingOutcome.UNDECIDED,
            outside + STEP: FindingOutcome.OUTSIDE,
        }
    if is_within or outside != within:
        expected[within] = FindingOutcome.WITHIN if is_within else FindingOutcome.UNDECIDED
    for value, outcome in expected.items():
        if value < 0 and rule.magnitude:
            continue
        assert rule.outcome(value, 0.0, policy.k) is outcome, value
        if rule.magnitude:
            assert rule.outcome(-value, 0.0, policy.k) is outcome, -value


@pytest.mark.parametrize(("name", "rule_id"), RULES)
def test_an_interval_across_a_limit_is_undecided_and_beside_it_decided(name: str, rule_id: str) -> None:
    policy, rule, within, _, outside, _ = at(name, rule_id)
    u = 0.01 * (within or 1.0)
    half, clear = 0.5 * policy.k * u, 1.01 * policy.k * u
    assert rule.outcome(within - half, u, policy.k) is FindingOutcome.UNDECIDED
    if within or not rule.magnitude:
        assert rule.outcome(within - clear, u, policy.k) is FindingOutcome.WITHIN
    if outside is not None:
        assert rule.outcome(outside + half, u, policy.k) is FindingOutcome.UNDECIDED
        assert rule.outcome(outside + clear, u, policy.k) is FindingOutcome.OUTSIDE
    else:
        assert rule.outcome(1000 * (within + 1), u, policy.k) is FindingOutcome.UNDECIDED


@pytest.mark.parametrize(("name", "rule_id"), RULES)
def test_no_value_is_never_judged_and_doubt_never_a_defect(name: str, rule_id: str) -> None:
    policy, rule, within, _, outside, _ = at(name, rule_id)
    far = 1000 * ((outside or within) + 1)
    assert rule.outcome(None, None, policy.k) is FindingOutcome.NOT_JUDGED
    for flag in rule.doubt:
        assert rule.outcome(None, None, policy.k, doubts=(flag,)) is FindingOutcome.NOT_JUDGED
        assert rule.outcome(within - STEP, 0.0, policy.k, doubts=(flag,)) is FindingOutcome.WITHIN
        assert rule.outcome(far, 0.0, policy.k, doubts=(flag,)) is FindingOutcome.UNDECIDED
    assert (rule.outcome(far, 0.0, policy.k) is FindingOutcome.OUTSIDE) == (outside is not None)


@pytest.mark.parametrize("name", TABLES)
def test_blank_pages_at_the_end_are_counted_and_not_judged(name: str) -> None:
    policy = POLICIES[name]
    rule = policy.rule("blank-pages-at-end")
    assert (rule.severity, rule.outside) == ("note", None)
    assert {rule.outcome(n, 0.0, policy.k) for n in (0.0, 1.0, 40.0)} == {FindingOutcome.WITHIN}
