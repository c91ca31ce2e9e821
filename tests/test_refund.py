"""The refund route: each row of the order, its dates to the day, and which row wins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
from inspection_example import example, sound, unseen

from qc.geometry import Edge
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.judge.refund import decide_refund, refund_decided
from qc.model import (
    BookCopy,
    Claim,
    Finding,
    FindingOutcome,
    Inspection,
    ReferenceId,
    Refund,
    Verdict,
    VerdictOutcome,
    Where,
)

KDP = load_policy("kdp")
DAY = date(2026, 10, 1)


def finding(rule_id: str, value: float, outcome: FindingOutcome, edge: Edge | None = None) -> Finding:
    rule = KDP.rule(rule_id)
    return Finding(
        rule.id, outcome, rule.severity, rule.measure, value, rule.unit, 0.03, rule.within_text, rule.outside_text,
        rule.magnitude, Where(edge=edge), rule.margin(value), rule.code, "", rule.clause, rule.source,
    )  # fmt: skip


DEEP = finding("trim-offset-block", -3.62, FindingOutcome.OUTSIDE, Edge.HEAD)
MISSING = finding("print-defect", 1, FindingOutcome.OUTSIDE)


def decide(
    outcome: VerdictOutcome, claim: Claim | None = None, findings: tuple[Finding, ...] = (), isbn: str | None = None
) -> Refund:
    copy = BookCopy("RMA-1", Path("RMA-1"), (), isbn=isbn, claim=claim or Claim())
    if outcome is VerdictOutcome.DEFECT and not findings:
        findings = (DEEP,)
    return decide_refund(Verdict(outcome, ""), findings, copy, KDP)


def codes(refund: Refund) -> list[str]:
    return [r.code for r in refund.reasons]


def route(refund: Refund) -> tuple[str, str]:
    return refund.outcome, refund.route


def test_a_claimed_wrong_item_goes_to_the_returns_center_whatever_the_print() -> None:
    for outcome in VerdictOutcome:
        refund = decide(outcome, Claim(reason="wrong-item"))
        assert route(refund) == ("not-eligible", "returns-center") and codes(refund) == ["wrong-item"]


@pytest.mark.parametrize(
    "read, ordered, wrong",
    [
        ("9780000000002", "978-0-00-000000-2", False),
        ("9780000000002", "9780000000019", True),
        ("0000000000", "9780000000002", False),
        (None, "9780000000002", False),
        ("9780000000002", None, False),
    ],
)
def test_an_isbn_other_than_the_ordered_one_is_a_wrong_item(read: str | None, ordered: str | None, wrong: bool) -> None:
    refund = decide(VerdictOutcome.DEFECT, Claim(ordered_isbn=ordered), isbn=read)
    assert (codes(refund)[0] == "wrong-item") is wrong


def test_a_defect_is_refunded_with_the_sentence_it_broke() -> None:
    refund = decide(VerdictOutcome.DEFECT)
    assert route(refund) == ("eligible", "refund")
    assert set(codes(refund)) == {"defect"}
    assert refund.reasons[0].clause == KDP.rule("trim-offset-block").clause


@pytest.mark.parametrize("days, outcome, code", [(0, 0, 0), (29, 0, 0), (30, 0, 0), (31, 1, 1), (400, 1, 1)])
@pytest.mark.parametrize(
    "reason, key, early", [("lost", "notified_on", "eligible"), ("damaged", "received_on", "review")]
)
def test_day_30_counts_and_day_31_does_not(
    reason: str, key: str, early: str, days: int, outcome: int, code: int
) -> None:
    claim = Claim(reason=reason, claimed_on=DAY + timedelta(days), **{key: DAY})
    refund = decide(VerdictOutcome.INSUFFICIENT_EVIDENCE, claim)
    assert route(refund) == [(early, "refund"), ("not-eligible", "none")][outcome]
    assert codes(refund) == [[reason], ["claim-window"]][code]
    assert all(r.clause and r.source for r in refund.reasons)


@pytest.mark.parametrize("reason, key", [("lost", "notified_on"), ("damaged", "received_on")])
@pytest.mark.parametrize("given", [(True, False), (False, True), (False, False)])
def test_a_missing_date_goes_to_review_and_is_named(reason: str, key: str, given: tuple[bool, bool]) -> None:
    claim = Claim(reason=reason, claimed_on=DAY if given[1] else None, **{key: DAY if given[0] else None})
    refund = decide(VerdictOutcome.NO_DEFECT, claim)
    assert route(refund) == ("review", "review") and codes(refund) == [reason, "needs-review"]
    assert (key if not given[0] else "claimed_on") in refund.reasons[1].detail


def test_a_claim_before_its_own_start_contradicts_itself() -> None:
    refund = decide(VerdictOutcome.NO_DEFECT, Claim(reason="lost", notified_on=DAY, claimed_on=DAY - timedelta(1)))
    assert route(refund) == ("review", "review")


def test_the_window_of_another_day_count_does_not_bind_here() -> None:
    claim = Claim(reason="lost", notified_on=DAY, claimed_on=DAY + timedelta(45))
    copy = BookCopy("RMA-1", Path("RMA-1"), (), claim=claim)
    refund = decide_refund(Verdict(VerdictOutcome.INSUFFICIENT_EVIDENCE, ""), (), copy, replace(KDP, claim_days=90))
    assert route(refund) == ("eligible", "refund")


def test_a_lost_copy_needs_no_scans() -> None:
    claim = Claim(reason="lost", notified_on=DAY, claimed_on=DAY)
    copy = BookCopy("RMA-1", Path("RMA-1"), (), claim=claim)
    findings, verdict = judge([], KDP, copy, [], ReferenceId("none"))
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert route(decide_refund(verdict, findings, copy, KDP)) == ("eligible", "refund")


@pytest.mark.parametrize(
    "found, expected, rule",
    [
        ((), ["none-found"], None),
        ((finding("trim-offset-block", 0.3, FindingOutcome.WITHIN),), ["none-found"], None),
        ((finding("trim-offset-block", -1.2, FindingOutcome.WITHIN),), ["expected-variance"], "trim-offset-block"),
        ((finding("blank-pages-at-end", 0, FindingOutcome.WITHIN),), ["none-found"], None),
        ((finding("blank-pages-at-end", 3, FindingOutcome.WITHIN),), ["expected-variance"], "blank-pages-at-end"),
        (
            (finding("color-difference-copy", 4.0, FindingOutcome.WITHIN),),
            ["expected-variance"],
            "color-difference-copy",
        ),
        (
            (finding("color-difference-copy", 14.0, FindingOutcome.OUTSIDE),),
            ["expected-variance"],
            "color-difference-copy",
        ),
        ((finding("trim-offset-block-spine", -9.0, FindingOutcome.OUTSIDE),), ["none-found"], None),
        ((finding("trim-offset-block", 9.0, FindingOutcome.NOT_JUDGED),), ["none-found"], None),
    ],
)
def test_no_defect_names_the_variance_that_shows(
    found: tuple[Finding, ...], expected: list[str], rule: str | None
) -> None:
    refund = decide(VerdictOutcome.NO_DEFECT, findings=found)
    assert route(refund) == ("not-eligible", "none") and codes(refund) == expected
    if rule:
        assert refund.reasons[0].clause == KDP.rule(rule).clause


def test_stale_stock_is_no_defect_and_says_so() -> None:
    claim = Claim(printed_on=DAY, content_updated_on=DAY + timedelta(1))
    refund = decide(VerdictOutcome.NO_DEFECT, claim, (finding("blank-pages-at-end", 2, FindingOutcome.WITHIN),))
    assert route(refund) == ("not-eligible", "none")
    assert codes(refund) == ["stale-revision", "expected-variance"]
    assert codes(decide(VerdictOutcome.NO_DEFECT, replace(claim, content_updated_on=DAY - timedelta(1)))) == [
        "none-found"
    ]


@pytest.mark.parametrize(
    "outcome, found, expected",
    [
        (VerdictOutcome.NO_DEFECT, (), ("review", "review")),
        (VerdictOutcome.DEFECT, (MISSING,), ("review", "review")),
        (VerdictOutcome.DEFECT, (MISSING, DEEP), ("eligible", "refund")),
        (VerdictOutcome.DEFECT, (DEEP,), ("eligible", "refund")),
    ],
)
def test_printed_on_the_day_of_the_change_a_person_looks_unless_geometry_decides(
    outcome: VerdictOutcome, found: tuple[Finding, ...], expected: tuple[str, str]
) -> None:
    refund = decide(outcome, Claim(printed_on=DAY, content_updated_on=DAY), found)
    assert route(refund) == expected
    assert ("stale-revision" in codes(refund)) == (expected[0] == "review")


@pytest.mark.parametrize("outcome", [VerdictOutcome.NEEDS_REVIEW, VerdictOutcome.INSUFFICIENT_EVIDENCE])
def test_open_verdicts_go_to_review(outcome: VerdictOutcome) -> None:
    refund = decide(outcome, Claim(reason="defective"))
    assert route(refund) == ("review", "review") and codes(refund) == [outcome]
    assert refund.reasons[0].clause == KDP.clauses[outcome].clause


ROWS = list(
    product(
        [None, "defective", "damaged", "lost", "wrong-item"],
        [
            VerdictOutcome.DEFECT,
            VerdictOutcome.NO_DEFECT,
            VerdictOutcome.NEEDS_REVIEW,
            VerdictOutcome.INSUFFICIENT_EVIDENCE,
        ],
        [None, 30, 31],
    )
)


@pytest.mark.parametrize("reason, outcome, days", ROWS)
def test_the_first_row_that_applies_wins(reason: str | None, outcome: VerdictOutcome, days: int | None) -> None:
    claimed = None if days is None else DAY + timedelta(days)
    refund = decide(outcome, Claim(reason=reason, received_on=DAY, notified_on=DAY, claimed_on=claimed))
    if reason == "wrong-item":
        expected = ("not-eligible", "returns-center")
    elif outcome is VerdictOutcome.DEFECT:
        expected = ("eligible", "refund")
    elif reason in ("lost", "damaged"):
        early = ("eligible", "refund") if reason == "lost" else ("review", "refund")
        expected = {None: ("review", "review"), 30: early, 31: ("not-eligible", "none")}[days]
    elif outcome is VerdictOutcome.NO_DEFECT:
        expected = ("not-eligible", "none")
    else:
        expected = ("review", "review")
    assert route(refund) == expected


CLAIMS = (Claim(), Claim("damaged"), Claim("lost", notified_on=DAY, claimed_on=DAY))


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("machine", [example, sound, unseen])
def test_what_a_person_calls_is_called_whatever_was_claimed(machine: Callable[[], Inspection], claim: Claim) -> None:
    copy = replace(machine().copy, claim=replace(claim, printed_on=DAY, content_updated_on=DAY))
    inspection = replace(machine(), copy=copy)
    assert route(refund_decided(VerdictOutcome.DEFECT, inspection, KDP)) == ("eligible", "refund")
    assert route(refund_decided(VerdictOutcome.NO_DEFECT, inspection, KDP)) == ("not-eligible", "none")
    assert route(refund_decided(VerdictOutcome.NEEDS_REVIEW, inspection, KDP)) == ("review", "review")
    agreed = refund_decided(VerdictOutcome.INSUFFICIENT_EVIDENCE, inspection, KDP)
    assert route(agreed) == {"lost": ("eligible", "refund")}.get(claim.reason or "", ("review", "review"))


def test_a_wrong_item_stays_one_whatever_a_person_decides_of_its_print() -> None:
    wrong = replace(example(), copy=replace(example().copy, claim=Claim("wrong-item")))
    assert {route(refund_decided(o, wrong, KDP)) for o in VerdictOutcome} == {("not-eligible", "returns-center")}


def test_a_decision_cites_the_sentence_of_the_finding_in_dispute_or_none() -> None:
    disputed = replace(DEEP, clause="A cut may be off by 3.2 mm.")
    blank = replace(finding("blank-pages-at-end", 1, FindingOutcome.WITHIN), clause="Blank pages are added.")
    called = replace(example(), findings=(blank, disputed))
    open_ = replace(
        called,
        findings=(blank, replace(disputed, outcome=FindingOutcome.UNDECIDED)),
        verdict=Verdict(VerdictOutcome.NEEDS_REVIEW, ""),
    )
    for inspection in (called, open_):
        for outcome in (VerdictOutcome.DEFECT, VerdictOutcome.NO_DEFECT):
            assert refund_decided(outcome, inspection, KDP).reasons[0].clause == disputed.clause
    lost = replace(unseen(), copy=replace(unseen().copy, scans=(), claim=CLAIMS[2]))
    assert [r.clause for r in refund_decided(VerdictOutcome.NO_DEFECT, lost, KDP).reasons] == [""]
