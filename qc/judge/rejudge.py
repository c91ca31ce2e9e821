"""Stored inspections under another policy: observations are judged again, no pixel is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qc.judge.claim import not_known
from qc.judge.judge import judge
from qc.judge.padding import with_unexplained_blanks
from qc.judge.policy import Policy
from qc.judge.ranking import deciding
from qc.judge.refund import decide_refund
from qc.measure import MEASURES
from qc.model import Inspection, Observation, ReferenceId


@dataclass(frozen=True)
class Flip:
    """A copy whose verdict or refund is another one; `rule` decides it, and `why` is its sentence."""

    before: Inspection
    after: Inspection
    rule: str
    why: str


def under(inspection: Inspection, policy: Policy) -> Inspection:
    """The inspection judged by `policy`; what was observed, and by what, stays."""
    again = judged_again(inspection, (), inspection.reference, policy)
    return replace(again, policy=policy.identity, provenance=inspection.provenance)


def flip(before: Inspection, after: Inspection) -> Flip | None:
    """How the verdicts of one copy differ; None where outcome and refund are the same.

    The rule is the one the new verdict rests on, or, where nothing stands against the copy any more, that of the old.
    """
    now, then = (after.verdict.outcome, after.refund.outcome), (before.verdict.outcome, before.refund.outcome)
    if now == then:
        return None
    finding = deciding(after)
    if finding is None and (old := deciding(before)) is not None:
        finding = next((f for f in after.findings if (f.rule, f.where) == (old.rule, old.where)), old)
    if finding is None:
        return Flip(before, after, "", after.verdict.summary)
    return Flip(before, after, finding.rule, finding.message)


def flips(inspections: Sequence[Inspection], before: Policy, after: Policy) -> list[Flip]:
    """The copies whose verdict or refund differs between two policies."""
    pairs = ((under(i, before), under(i, after)) for i in inspections)
    return [change for a, b in pairs if (change := flip(a, b)) is not None]


def judged_again(
    inspection: Inspection, more: Sequence[Observation], reference: ReferenceId, policy: Policy
) -> Inspection:
    """The inspection with `more` observations: findings, verdict and refund anew."""
    observations = with_unexplained_blanks((*inspection.observations, *more), policy.padding)
    findings, verdict = judge(
        observations,
        policy,
        inspection.copy,
        inspection.pages,
        reference,
        inspection.not_seen,
        not_known(inspection.copy, observations),
    )
    provenance = inspection.provenance
    versions = {m: MEASURES[m].version for m in sorted({o.measure for o in observations})}
    return replace(
        inspection,
        reference=reference,
        observations=observations,
        findings=findings,
        verdict=verdict,
        refund=decide_refund(verdict, findings, inspection.copy, policy, observations),
        provenance=replace(provenance, measures=versions),
    )
