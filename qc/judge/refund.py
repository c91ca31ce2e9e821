"""Refund route of a copy: verdict and claim, in the order the policy sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from qc.isbn import same_book
from qc.judge.claim import Facts, known, printed_before_change
from qc.judge.judge import compares_content
from qc.judge.messages import reasons
from qc.judge.policy import Policy
from qc.judge.ranking import by_gravity, deciding
from qc.measure.blank_pages import blank_pages_at_end
from qc.measure.page_damage import page_damage
from qc.model import (
    BookCopy,
    Claim,
    Finding,
    FindingOutcome,
    Inspection,
    Observation,
    Reason,
    Refund,
    Verdict,
    VerdictOutcome,
)

_CALLED = (VerdictOutcome.DEFECT, VerdictOutcome.NEEDS_REVIEW)
"""Verdicts that a finding speaks for."""
_REFUNDED_SOUND = ("lost", "damaged")
"""Claims that are refunded though the print is sound."""


def decide_refund(
    verdict: Verdict,
    findings: Sequence[Finding],
    copy: BookCopy,
    policy: Policy,
    observations: Sequence[Observation] = (),
) -> Refund:
    """FindingOutcome, route and reasons; the first that applies wins.

    1. wrong item, claimed or read (the ISBN of the cover, else `copy.isbn`, is not the ordered one): not eligible here,
       route returns-center; read, but not surely: review
    2. verdict defect: eligible, route refund
    3. lost: eligible within `claim_days` of `notified_on`, later not eligible
    4. damaged: a person looks within `claim_days` of `received_on`, route refund; later not eligible
    5. no defect: not eligible
    6. all else, a missing date among it: review; where paper is damaged, the sentence on claims of damage is cited beside

    Parameters
    ----------
    verdict, findings
        What `qc.judge.judge.judge` gave.
    copy : BookCopy
        Its claim holds the dates; `claimed_on` is the day that is compared. The last day of the window counts.
    policy : Policy
        Gives the days and the sentence of each reason.
    observations : sequence of Observation
        What was read off the copy: the day it was printed, its ISBN.

    Notes
    -----
    Printed on the day of the author's last change, a copy may be of either revision: a defect of content only, or no
    defect, then goes to review. Geometry does not depend on the revision. A claim dated before the day it counts from
    contradicts itself and goes to review. So does, with the same exception for geometry, an imprint that reads another
    day than the one stated, or none for sure where the author's last change is stated.
    """
    facts = known(copy, observations)
    copy, claim = facts.copy, facts.copy.claim
    if _other_item(facts):
        return _to_returns_center(policy)
    if facts.isbn_doubt:
        return _review(policy, "needs-review", "wrong-item", detail=facts.isbn_doubt)
    if verdict.outcome is VerdictOutcome.DEFECT:
        return _defect(findings, facts, policy)
    if claim.reason == "lost":
        return _in_window(policy, "lost", "notified_on", claim.notified_on, claim, "eligible")
    if claim.reason == "damaged":
        return _in_window(policy, "damaged", "received_on", claim.received_on, claim, "review")
    if verdict.outcome is VerdictOutcome.NO_DEFECT:
        if facts.date_doubt or _same_day(claim):
            return _review(policy, "needs-review", "stale-revision", detail=facts.date_doubt)
        return Refund("not-eligible", "none", _sound(findings, claim, policy))
    if verdict.outcome is VerdictOutcome.NEEDS_REVIEW and facts.older_perhaps:
        return _review(policy, str(verdict.outcome), "stale-revision", detail=facts.date_doubt)
    review = _review(policy, str(verdict.outcome), detail=_why_undecided(findings))
    damaged = any(f.measure == page_damage.id and f.outcome is FindingOutcome.UNDECIDED for f in findings)
    return replace(review, reasons=(*review.reasons, _reason(policy, "damaged"))) if damaged else review


def refund_decided(outcome: VerdictOutcome, inspection: Inspection, policy: Policy) -> Refund:
    """The refund that follows from what a person decided of an inspected copy.

    Where `decide_refund` leaves it to a person, this was the person: defect is eligible and no defect is not, whatever was
    claimed (a copy claimed as lost may be found again). A wrong item stays one, review stays open, and insufficient evidence is
    what it is of a verdict. The first reason carries the sentence of the finding in dispute, the one that decided the verdict.
    """
    facts = known(inspection.copy, inspection.observations)
    disputed = deciding(inspection) if inspection.verdict.outcome in _CALLED else None
    if _other_item(facts):
        return _to_returns_center(policy)
    if outcome is VerdictOutcome.DEFECT:
        outside = [f for f in inspection.findings if f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE]
        return _eligible(outside or [f for f in (disputed,) if f], policy)
    if outcome is VerdictOutcome.NO_DEFECT:
        return Refund("not-eligible", "none", _none_found(inspection.findings, facts.copy.claim, policy, disputed))
    if outcome is VerdictOutcome.NEEDS_REVIEW:
        return _review(policy, str(outcome), detail=_why_undecided(inspection.findings))
    verdict = replace(inspection.verdict, outcome=outcome)
    return decide_refund(verdict, inspection.findings, inspection.copy, policy, inspection.observations)


def _none_found(
    findings: Sequence[Finding], claim: Claim, policy: Policy, disputed: Finding | None
) -> tuple[Reason, ...]:
    if disputed is not None:
        return (Reason("none-found", disputed.clause, disputed.source, disputed.verbatim),)
    if claim.reason in _REFUNDED_SOUND:
        # No sentence of the policy says why such a claim is refused.
        return (Reason("none-found", "", ""),)
    return _sound(findings, claim, policy)


def _to_returns_center(policy: Policy) -> Refund:
    return Refund("not-eligible", "returns-center", (_reason(policy, "wrong-item"),))


def _why_undecided(findings: Sequence[Finding]) -> str:
    """What keeps the gravest finding from being called; empty where none is undecided."""
    undecided = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED]
    if not undecided:
        return ""
    gravest = by_gravity(undecided)[0]
    if gravest.doubt:
        return reasons(gravest.doubt[:1])
    return "the printer's text does not decide it" if gravest.outside == "never" else "it is not measured finely enough"


def _defect(findings: Sequence[Finding], facts: Facts, policy: Policy) -> Refund:
    defects = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE]
    doubtful = facts.date_doubt or _same_day(facts.copy.claim)
    if doubtful and all(compares_content(f.measure) for f in defects):
        return _review(policy, "needs-review", "stale-revision", detail=facts.date_doubt)
    return _eligible(defects, policy)


def _eligible(findings: Sequence[Finding], policy: Policy) -> Refund:
    rules = [Reason("defect", f.clause, f.source, f.verbatim) for f in findings]
    return Refund("eligible", "refund", _distinct([*rules, _reason(policy, "defect")]))


def _in_window(policy: Policy, code: str, key: str, start: date | None, claim: Claim, outcome: str) -> Refund:
    if start is None or claim.claimed_on is None:
        absent = key if start is None else "claimed_on"
        return _review(policy, code, "needs-review", detail=f"claim.{absent} is missing")
    days = (claim.claimed_on - start).days
    if days < 0:
        return _review(policy, code, "needs-review", detail=f"claim.claimed_on is before claim.{key}")
    if days > policy.claim_days:
        return Refund("not-eligible", "none", (_reason(policy, "claim-window"),))
    return Refund(outcome, "refund", (_reason(policy, code),))


def _sound(findings: Sequence[Finding], claim: Claim, policy: Policy) -> tuple[Reason, ...]:
    why = [_reason(policy, "stale-revision")] if printed_before_change(claim) else []
    # Of blank pages the verdict speaks.
    notable = sorted((f for f in findings if _notable(f, policy)), key=lambda f: f.measure != blank_pages_at_end.id)
    why += [Reason("expected-variance", f.clause, f.source, f.verbatim) for f in notable]
    return _distinct(why) if why else (_reason(policy, "none-found"),)


def _notable(finding: Finding, policy: Policy) -> bool:
    if finding.value is None or finding.outcome is FindingOutcome.NOT_JUDGED:
        return False
    rule = policy.rule(finding.rule)
    return rule.notable is not None and rule.notable.holds(rule.judged(finding.value))


def _same_day(claim: Claim) -> bool:
    return claim.printed_on is not None and claim.printed_on == claim.content_updated_on


def _other_item(facts: Facts) -> bool:
    """Whether it is claimed, or was surely read, that another item came."""
    read, claim = facts.copy.isbn, facts.copy.claim
    differs = bool(read and claim.ordered_isbn and not same_book(read, claim.ordered_isbn))
    return claim.reason == "wrong-item" or (differs and not facts.isbn_doubt)


def _review(policy: Policy, *codes: str, detail: str = "") -> Refund:
    why = [_reason(policy, code) for code in codes]
    if detail:
        why[-1] = replace(why[-1], detail=detail)
    return Refund("review", "review", tuple(why))


def _reason(policy: Policy, code: str) -> Reason:
    said = policy.sentence(code)
    return Reason(code, said.clause, said.standing, said.verbatim)


def _distinct(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
