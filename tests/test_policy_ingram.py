"""The policy ingram reads as its source does, and judges the same copy otherwise than kdp where their limits differ."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Drawn, Run

from qc.geometry import Edge
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.judge.refund import decide_refund
from qc.measure import MEASURES
from qc.model import BookCopy, Claim, FindingOutcome, Observation, ReferenceId, ScanFile, VerdictOutcome, Where

KDP, INGRAM = load_policy("kdp"), load_policy("ingram")
COPY = BookCopy("RMA-1", Path("RMA-1"), (ScanFile(Path("p-1.jpg"), "p-1.jpg"),))
PDF = ReferenceId("pdf", "9780000000002", "0" * 64)
OF_KDP_ALONE: frozenset[str] = frozenset()
"""Measures whose rule in kdp has no counterpart."""


def cut(fore_edge: float, u: float = 0.03) -> list[Observation]:
    offsets = {Edge.HEAD: 0.1, Edge.TAIL: 0.1, Edge.FORE_EDGE: fore_edge}
    return [MEASURES["trim-offset-block"].observe(v, u, Where(edge=e)) for e, v in offsets.items()]


def density(value: float, u: float) -> FindingOutcome:
    findings, _ = judge([MEASURES["density-difference"].observe(value, u)], INGRAM, COPY, [], PDF)
    return next(f.outcome for f in findings if f.measure == "density-difference")


def test_the_limits_are_those_of_the_source() -> None:
    rule = INGRAM.rule("trim-offset-block")
    assert (rule.within_text, rule.outside_text) == ("< 1.5875 mm", "> 2 mm")
    assert "1/16” shift or +/-0.1 color density" in rule.clause and "lightningsource.com" in rule.source
    assert (INGRAM.id, INGRAM.k, INGRAM.claim_days) == ("ingram", 2.0, 90)
    assert INGRAM.rule("density-difference").within_text == "<= 0.1 density"
    assert [r.id for r in INGRAM.rules if r.required] == ["trim-offset-block"]


def test_what_kdp_judges_ingram_judges_too() -> None:
    assert {r.measure for r in KDP.rules} - OF_KDP_ALONE <= {r.measure for r in INGRAM.rules}
    assert {r.id for r in INGRAM.rules if r.severity == "defect"} == {
        r.id for r in KDP.rules if r.severity == "defect" and r.measure not in OF_KDP_ALONE
    }


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("offset", "kdp", "ingram"),
    [
        (1.5, VerdictOutcome.NO_DEFECT, VerdictOutcome.NO_DEFECT),
        (1.56, VerdictOutcome.NO_DEFECT, VerdictOutcome.NEEDS_REVIEW),
        (1.8, VerdictOutcome.NO_DEFECT, VerdictOutcome.NEEDS_REVIEW),
        (2.03, VerdictOutcome.NO_DEFECT, VerdictOutcome.NEEDS_REVIEW),
        (2.4, VerdictOutcome.NO_DEFECT, VerdictOutcome.DEFECT),
        (3.4, VerdictOutcome.DEFECT, VerdictOutcome.DEFECT),
    ],
)
def test_one_cut_and_two_verdicts(offset: float, sign: int, kdp: VerdictOutcome, ingram: VerdictOutcome) -> None:
    for policy, expected in ((KDP, kdp), (INGRAM, ingram)):
        findings, verdict = judge(cut(sign * offset), policy, COPY, [], PDF)
        assert verdict.outcome is expected, policy.id
        decided = next(f for f in findings if f.rule == "trim-offset-block" and f.where.edge is Edge.FORE_EDGE)
        assert decided.clause == policy.rule("trim-offset-block").clause
        refund = decide_refund(verdict, findings, COPY, policy)
        assert (refund.outcome == "eligible") == (expected is VerdictOutcome.DEFECT)


@pytest.mark.parametrize(("days", "policy", "outcome"), [(31, KDP, "not-eligible"), (90, INGRAM, "eligible")])
def test_the_days_of_a_claim_are_those_of_the_policy(days: int, policy, outcome: str) -> None:
    day = date(2026, 9, 1)
    lost = replace(COPY, scans=(), claim=Claim(reason="lost", notified_on=day, claimed_on=day + timedelta(days)))
    _, verdict = judge([], policy, lost, [], PDF)
    assert decide_refund(verdict, (), lost, policy).outcome == outcome
    late = replace(lost, claim=replace(lost.claim, claimed_on=day + timedelta(policy.claim_days + 1)))
    assert [r.code for r in decide_refund(verdict, (), late, policy).reasons] == ["claim-window"]


def test_a_density_is_decided_only_where_it_is_known_well_enough() -> None:
    assert [density(0.05, 0.02), density(0.08, 0.02), density(-0.2, 0.02)] == [
        FindingOutcome.WITHIN,
        FindingOutcome.UNDECIDED,
        FindingOutcome.OUTSIDE,
    ]
    assert [density(0.0, 0.16), density(-0.5, 0.16)] == [FindingOutcome.UNDECIDED, FindingOutcome.OUTSIDE]


def test_inspect_by_ingram(run_qc: Run, drawn: Drawn) -> None:
    ran = run_qc("inspect", drawn.copy, "--titles", drawn.titles, "--policy", "ingram", "--json")
    assert ran.code == 0, ran.err
    result = json.loads(ran.out)
    assert (result["policy"]["id"], result["verdict"]["outcome"]) == ("ingram", "no-defect")
    found = next(f for f in result["findings"] if f["rule"] == "density-difference")
    assert (found["outcome"], found["value"], found["unit"]) == ("not-judged", None, "density")
    assert "1.6 mm (1/16 in)" in result["verdict"]["summary"]
    assert Path("qc-out/RMA-1/report.html").is_file()


def test_policies_can_be_shown_checked_and_held_against_each_other(run_qc: Run, tmp_path: Path) -> None:
    shown = run_qc("policy", "show", "ingram")
    assert shown.code == 0 and "1/16” shift" in shown.out and "Refund claim-window" in shown.out
    assert "can be used" in run_qc("policy", "check", "ingram").out
    lines = run_qc("policy", "diff", "kdp", "ingram").out.splitlines()
    assert "claim_days: kdp 30, ingram 90" in lines and "density-difference: only in ingram" in lines
    assert any(
        line.startswith("trim-offset-block: within < 3.175 mm -> < 1.5875 mm; outside > 3.2 mm -> > 2 mm")
        for line in lines
    )
    assert "judge alike" in run_qc("policy", "diff", "kdp", "kdp").out
    (tmp_path / "house.toml").write_text("schema = 1\n")
    wrong = run_qc("policy", "check", tmp_path / "house.toml")
    assert wrong.code == 2 and "house.toml" in wrong.err and not wrong.out
    assert run_qc("policy").code == run_qc("policy", "shew").code == 2
